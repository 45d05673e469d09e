#include "dagan/report/heat_map.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "core/check.h"

namespace dagan {
namespace {

constexpr Rgb kOutline = {0, 230, 255};

std::uint8_t luma(Rgb c) {
  return std::uint8_t(std::lround(0.299f * c.r + 0.587f * c.g + 0.114f * c.b));
}

// How much of the map's colour covers the image at `t` of the scale; 0.5 is the threshold.
float cover(float t) {
  if (!(t > 0.25f)) return 0;
  if (t <= 0.5f) return 0.2f * (t - 0.25f) / 0.25f;
  return std::min(0.55f + 0.3f * (t - 0.5f), 0.7f);
}

// Pixels within `reach` of a set one, to each side and diagonally.
std::vector<std::uint8_t> grown(const std::vector<std::uint8_t>& binary, std::int64_t height,
                                std::int64_t width, std::int64_t reach) {
  std::vector<std::uint8_t> result(binary.size(), 0);
  for (std::int64_t y = 0; y < height; ++y) {
    for (std::int64_t x = 0; x < width; ++x) {
      if (!binary[std::size_t(y * width + x)]) continue;
      const std::int64_t left = std::max<std::int64_t>(x - reach, 0);
      const std::int64_t right = std::min(x + reach, width - 1);
      for (std::int64_t ny = std::max<std::int64_t>(y - reach, 0);
           ny <= std::min(y + reach, height - 1); ++ny) {
        std::fill_n(result.begin() + ny * width + left, right - left + 1, std::uint8_t(1));
      }
    }
  }
  return result;
}

// Outside the regions, so that it hides nothing that was found.
void draw_outline(Picture& picture, std::span<const float> map, float threshold) {
  const std::int64_t height = picture.height(), width = picture.width();
  std::vector<std::uint8_t> above(map.size());
  std::transform(map.begin(), map.end(), above.begin(), [&](float v) { return v > threshold; });
  const std::int64_t thickness = std::max<std::int64_t>(1, std::min(height, width) / 300);
  const std::vector<std::uint8_t> around = grown(above, height, width, thickness);
  for (std::size_t i = 0; i < above.size(); ++i) {
    if (!around[i] || above[i]) continue;
    picture.set(std::int64_t(i) / width, std::int64_t(i) % width, kOutline);
  }
}

}  // namespace

std::vector<float> resized_map(View map, std::int64_t height, std::int64_t width) {
  check(map.shape.n == 1 && map.shape.c == 1 && map.dtype == DType::f32, "[resized_map] ",
        map.shape, " ", map.dtype, ": expected one f32 map of one channel");
  std::vector<float> result(std::size_t(height * width));
  const View y = view_of(result.data(), {1, height, width, 1});
  std::vector<std::byte> scratch(
      std::size_t(cpu::image_normalise_resize_scratch(map.shape, y.shape)));
  cpu::image_normalise_resize({.scratch = scratch.data()}, kAsIs, map, y);
  return result;
}

Picture draw_heat_map(std::span<const float> map, std::int64_t height, std::int64_t width,
                      float threshold) {
  check(std::int64_t(map.size()) == height * width, "[draw_heat_map] ", map.size(),
        " values for a picture of ", height, " x ", width);
  return draw_map(view_of(map.data(), {1, height, width, 1}), 0, threshold);
}

Picture draw_overlay(const Image& image, Levels levels, std::span<const float> map,
                     float threshold) {
  check(std::int64_t(map.size()) == image.shape.h * image.shape.w, "[draw_overlay] ", map.size(),
        " values for a picture of ", image.shape.h, " x ", image.shape.w);
  Picture picture = draw_image(image, levels);
  for (std::int64_t y = 0; y < picture.height(); ++y) {
    for (std::int64_t x = 0; x < picture.width(); ++x) {
      const float t = on_scale(map[std::size_t(y * picture.width() + x)], threshold);
      const std::uint8_t grey = luma(picture.at(y, x));
      picture.set(y, x, mix({grey, grey, grey}, heat_colour(t), cover(t)));
    }
  }
  draw_outline(picture, map, threshold);
  return picture;
}

}  // namespace dagan
