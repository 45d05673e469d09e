// A decoded picture and the files it comes from: PNG, JPEG, BMP, TIFF, PGM and PPM, 8 or 16 bit.
//
// The numbers are those of the file: no gamma, no scaling, no clipping, no turning by an
// orientation tag. The content decides the format, never the name. One channel stays one channel,
// colour is three.
//   palette        one channel if every entry is grey, else three
//   opacity        dropped where every pixel is opaque, else an error
//   white is zero  (TIFF) inverted, so that larger is brighter
// Errors (Fault::data): unreadable, not an image, truncated, damaged, larger than kImageLimits,
// several pages, CMYK, float or any other kind of number. One line: file, what, and what to do
// about it.
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "core/view.h"
#include "dagan/data/sha256.h"

namespace dagan {

struct ImageLimits {
  std::int64_t side = 16384;  // pixels, each way
  std::int64_t pixels = std::int64_t(64) << 20;
  std::uintmax_t file = std::uintmax_t(256) << 20;  // bytes
};
inline constexpr ImageLimits kImageLimits;

struct Image {
  Shape shape;                    // (1,H,W,C), C = 1 or 3
  DType dtype = DType::u8;        // u8 or u16
  std::vector<std::byte> pixels;  // shape.size() numbers, in the machine's byte order

  View view() const;  // for reading
};

// Zeros of that shape and type.
Image make_image(Shape shape, DType dtype = DType::u8);

Image read_image(const std::filesystem::path& file);

// The same for a file's bytes; `name` is how errors call it.
Image decode_image(std::span<const std::byte> bytes, const std::string& name);

// Writes a temporary beside `file`, then renames it: a reader sees the old file or the whole new
// one. The same bytes for the same picture on every machine. Fault::output when it cannot be
// written.
void write_png(const std::filesystem::path& file, const Image& image);
std::vector<std::byte> encode_png(const Image& image);

// SHA-256 of shape, type and pixels: equal for equal pictures, whatever the file's format or name.
Digest content_digest(const Image& image);

}  // namespace dagan
