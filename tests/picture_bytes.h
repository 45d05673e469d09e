// Files of every format, byte by byte or by the libraries that usually write them.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "tests/data_files.h"

namespace dagan::testing {

Buffer bytes_of(std::string_view text);
std::string text_of(std::initializer_list<int> bytes);

// The message with which these bytes are refused.
std::string refusal(const Buffer& bytes);

int value(const Image& image, std::int64_t index);
std::vector<int> values(const Image& image);

struct PngParts {
  std::uint32_t width = 1, height = 1;
  int depth = 8, color = 0;  // PNG's numbers
  std::string rows = {};     // each with its filter byte, not yet compressed
  std::string palette = {}, transparency = {};
  std::string first_chunk = {};  // a chunk to stand behind the header, by name
};

std::string png_chunk(std::string_view type, std::string_view data);
Buffer png(const PngParts& parts);
Buffer png_with_data(const PngParts& parts, std::string_view compressed);

// A zlib stream of `count` zeros, about a thousandth of their size.
std::string zlib_zeros(std::size_t count);

Buffer pgm(std::string_view header, std::initializer_list<int> pixels);

struct BmpParts {
  int width = 1, height = 1;  // a negative height is stored top down
  int bits = 24, compression = 0;
  std::string palette = {};  // four bytes an entry: blue, green, red, 0
  std::string rows = {};     // as stored, padded to four bytes
};

Buffer bmp(const BmpParts& parts);

enum class JpegKind { plain, progressive, cmyk };
Buffer jpeg(const Image& image, JpegKind kind);

struct TiffParts {
  int compression = 1;   // none
  int photometric = -1;  // -1: grey or RGB by the channels
  int format = 1;        // unsigned
  int pages = 1;
  bool tiled = false, big_endian = false, separate = false;
};

Buffer tiff(const Image& image, const TiffParts& parts);

}  // namespace dagan::testing
