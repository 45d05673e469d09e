#include "dagan/data/preprocess.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <vector>

#include "core/check.h"
#include "dagan/data/file.h"
#include "dagan/data/jobs.h"
#include "kernels/backend.h"
#include "kernels/kernels.h"

namespace dagan {
namespace {

const char* kind_of(std::int64_t channels) { return channels == 1 ? "grey" : "colour"; }

float largest_of(DType dtype) { return dtype == DType::u8 ? 255.0f : 65535.0f; }

int bits_of(DType dtype) { return dtype == DType::u8 ? 8 : 16; }

void check_fits(const Image& image, const Preprocessing& how, const std::string& name,
                const std::string& reference) {
  check(Fault::data, image.shape.c == how.channels, name, ": is ", kind_of(image.shape.c), ", but ",
        reference, " is ", kind_of(how.channels),
        "; give all images the same channels with an image program");
  check(Fault::data, image.dtype == how.dtype, name, ": has ", bits_of(image.dtype),
        " bits a channel, but ", reference, " has ", bits_of(how.dtype),
        "; export all images with the same depth");
  const bool same_height = how.height == 0 || image.shape.h == how.height;
  const bool same_width = how.width == 0 || image.shape.w == how.width;
  check(Fault::data, same_height && same_width, name, ": is ", image.shape.w, " x ", image.shape.h,
        " pixels, but ", reference, " is ", how.width, " x ", how.height,
        "; crop or scale all images to one size, so that a pixel means the same everywhere");
}

float parse_level(std::string_view word, const std::string& levels) {
  float value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  check(Fault::usage,
        error == std::errc() && end == word.data() + word.size() && std::isfinite(value),
        "data.levels = \"", levels,
        "\" is not understood; write auto, full or LOW:HIGH, as in 0:4095");
  return value;
}

// The largest value in any of the pictures, which are all read.
float largest_value(std::span<const std::filesystem::path> files) {
  std::vector<std::uint16_t> largest(files.size());
  Jobs jobs(files.size(), [&](std::size_t i) {
    const Image image = read_image(files[i]);
    check(Fault::data, image.dtype == DType::u16, shown(files[i]), ": has 8 bits a channel, but ",
          shown(files[0]), " has 16; export all images with the same depth");
    const auto* values = image.view().as<const std::uint16_t>();
    largest[i] = *std::max_element(values, values + image.shape.size());
  });
  jobs.wait_all();
  return *std::max_element(largest.begin(), largest.end());
}

Levels decide_levels(const std::string& levels, DType dtype,
                     std::span<const std::filesystem::path> files) {
  if (levels == "full" || (levels == "auto" && dtype == DType::u8)) return {0, largest_of(dtype)};
  if (levels == "auto") {
    const float largest = largest_value(files);
    for (const float high : {1023.0f, 4095.0f, 16383.0f}) {
      if (largest <= high) return {0, high};
    }
    return {0, largest_of(dtype)};
  }
  const std::size_t colon = std::min(levels.find(':'), levels.size());
  const std::string_view word = levels;
  const float low = parse_level(word.substr(0, colon), levels);
  const float high = parse_level(word.substr(std::min(colon + 1, word.size())), levels);
  check(Fault::usage, low < high, "data.levels = \"", levels, "\": ", low, " is not below ", high,
        "; the first is mapped to -1, the second to 1");
  return {low, high};
}

}  // namespace

void preprocess(const Image& image, const Preprocessing& how, float* out, const std::string& name,
                const std::string& reference) {
  check_fits(image, how, name, reference);
  const Kernels& kernels = *cpu_backend().kernels;
  const Shape result = {1, how.size, how.size, how.channels};  // (1,S,S,C)
  std::vector<std::byte> scratch(
      std::size_t(kernels.image_normalise_resize_scratch(image.shape, result)) + 64);
  const auto address = reinterpret_cast<std::uintptr_t>(scratch.data());
  const Launch launch{.scratch = scratch.data() + (64 - address % 64) % 64};
  kernels.image_normalise_resize(launch, how.levels, image.view(), view_of(out, result));
}

Preprocessing decide_preprocessing(std::span<const std::filesystem::path> files,
                                   const Recipe::Data& data) {
  check(!files.empty(), "[preprocess] there is no file to decide from");
  check(Fault::usage, data.size > 0, "data.size = ", data.size, " is not above 0");
  const Image first = read_image(files[0]);
  check(Fault::usage, data.channels == "auto" || data.channels == "1" || data.channels == "3",
        "data.channels = \"", data.channels, "\" is not understood; write auto, 1 or 3");
  check(Fault::usage, data.channels == "auto" || data.channels == std::to_string(first.shape.c),
        "data.channels = ", data.channels, ", but ", shown(files[0]), " has ", first.shape.c,
        "; write auto, or convert the images with an image program");
  return {.size = data.size,
          .channels = first.shape.c,
          .levels = decide_levels(data.levels, first.dtype, files),
          .dtype = first.dtype,
          .height = first.shape.h,
          .width = first.shape.w};
}

}  // namespace dagan
