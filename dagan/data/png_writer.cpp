// PNG of 8 and 16 bits, grey and RGB; only the deflate compressor is stb_image_write's, which
// itself writes no 16-bit files.
#include <cstdlib>
#include <cstring>
#include <memory>

#include "dagan/data/codecs.h"
#include "dagan/data/file.h"

#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#define STBI_WRITE_NO_STDIO
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wshadow"
#include <stb/stb_image_write.h>
#pragma GCC diagnostic pop

namespace dagan {
namespace {

using Octets = std::vector<std::uint8_t>;

void append_big_endian(Octets& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(std::uint8_t(value >> shift));
}

void append_chunk(Octets& out, const char* type, Octets data) {
  append_big_endian(out, std::uint32_t(data.size()));
  data.insert(data.begin(), type, type + 4);
  out.insert(out.end(), data.begin(), data.end());
  append_big_endian(out, stbiw__crc32(data.data(), int(data.size())));
}

// One row in the file's order: the high byte of a 16-bit number comes first.
void load_row(const Image& image, std::int64_t row, Octets& out) {
  const std::size_t count = out.size();
  std::memcpy(out.data(), &image.pixels[std::size_t(row) * count], count);
  if (image.dtype == DType::u16) {
    for (std::size_t i = 0; i < count; i += 2) std::swap(out[i], out[i + 1]);
  }
}

std::uint8_t paeth(int left, int up, int corner) {
  const int guess = left + up - corner;
  const int a = std::abs(guess - left), b = std::abs(guess - up), c = std::abs(guess - corner);
  return std::uint8_t(a <= b && a <= c ? left : b <= c ? up : corner);
}

// PNG's filters 0 to 4 (PNG specification, 9.2); `step` is the bytes of a pixel.
void filter_row(int kind, const Octets& row, const Octets& above, std::size_t step, Octets& out) {
  for (std::size_t i = 0; i < row.size(); ++i) {
    const int left = i < step ? 0 : row[i - step], up = above[i];
    const int corner = i < step ? 0 : above[i - step];
    const int guesses[5] = {0, left, up, (left + up) / 2, paeth(left, up, corner)};
    out[i] = std::uint8_t(row[i] - guesses[kind]);
  }
}

std::int64_t magnitude(const Octets& values) {
  std::int64_t sum = 0;
  for (const std::uint8_t value : values) sum += std::abs(int(static_cast<std::int8_t>(value)));
  return sum;
}

// Each row with the filter that leaves the smallest numbers.
Octets filtered(const Image& image) {
  const std::size_t step = std::size_t(image.shape.c * size_of(image.dtype));
  const std::size_t width = std::size_t(image.shape.w) * step;
  Octets above(width), row(width), candidate(width), best(width), out;
  out.reserve((width + 1) * std::size_t(image.shape.h));
  for (std::int64_t h = 0; h < image.shape.h; ++h) {
    load_row(image, h, row);
    int best_kind = 0;
    std::int64_t best_magnitude = -1;
    for (int kind = 0; kind < 5; ++kind) {
      filter_row(kind, row, above, step, candidate);
      const std::int64_t size = magnitude(candidate);
      if (best_magnitude >= 0 && size >= best_magnitude) continue;
      best_kind = kind;
      best_magnitude = size;
      best.swap(candidate);
    }
    out.push_back(std::uint8_t(best_kind));
    out.insert(out.end(), best.begin(), best.end());
    above.swap(row);
  }
  return out;
}

}  // namespace

std::vector<std::byte> encode_png(const Image& image) {
  check(image.shape.n == 1 && (image.shape.c == 1 || image.shape.c == 3) &&
            (image.dtype == DType::u8 || image.dtype == DType::u16) &&
            image.pixels.size() == std::size_t(image.shape.size() * size_of(image.dtype)),
        "[png] an image of shape ", image.shape, " and type ", image.dtype, " with ",
        image.pixels.size(), " bytes cannot be written");
  check_extent(std::uint64_t(image.shape.w), std::uint64_t(image.shape.h), "the picture to write");
  Octets rows = filtered(image);
  int size = 0;
  constexpr int kEffort = 8;
  const std::unique_ptr<unsigned char, void (*)(void*)> packed(
      stbi_zlib_compress(rows.data(), int(rows.size()), &size, kEffort), std::free);
  check(Fault::output, packed != nullptr, "out of memory while a PNG was written");

  Octets out = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  Octets header;
  append_big_endian(header, std::uint32_t(image.shape.w));
  append_big_endian(header, std::uint32_t(image.shape.h));
  const std::uint8_t depth = image.dtype == DType::u16 ? 16 : 8, color = image.shape.c == 3 ? 2 : 0;
  header.insert(header.end(), {depth, color, 0, 0, 0});
  append_chunk(out, "IHDR", std::move(header));
  append_chunk(out, "IDAT", Octets(packed.get(), packed.get() + size));
  append_chunk(out, "IEND", {});
  const auto* first = reinterpret_cast<const std::byte*>(out.data());
  return {first, first + out.size()};
}

void write_png(const std::filesystem::path& file, const Image& image) {
  write_file(file, encode_png(image));
}

}  // namespace dagan
