#include "tests/picture_bytes.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
// clang-format off: jpeglib.h needs <cstdio> before it
#include <jpeglib.h>
// clang-format on
#include <tiffio.h>

namespace dagan::testing {
namespace {

std::string big_endian(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += char(value >> shift & 255);
  return bytes;
}

std::string little_endian(std::uint32_t value, int count = 4) {
  std::string bytes;
  for (int i = 0; i < count; ++i) bytes += char(value >> 8 * i & 255);
  return bytes;
}

std::uint32_t crc32(std::string_view bytes) {
  std::uint32_t crc = ~0u;
  for (const char c : bytes) {
    crc ^= std::uint8_t(c);
    for (int bit = 0; bit < 8; ++bit) crc = crc & 1 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
  }
  return ~crc;
}

std::uint32_t adler32(std::string_view bytes) {
  std::uint32_t a = 1, b = 0;
  for (const char c : bytes) {
    a = (a + std::uint8_t(c)) % 65521;
    b = (b + a) % 65521;
  }
  return b << 16 | a;
}

// A zlib stream of one block without compression; up to 65535 bytes.
std::string zlib_stored(std::string_view data) {
  return std::string("\x78\x01\x01", 3) + little_endian(std::uint32_t(data.size()), 2) +
         little_endian(~std::uint32_t(data.size()), 2) + std::string(data) +
         big_endian(adler32(data));
}

}  // namespace

Buffer bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

std::string refusal(const Buffer& bytes) {
  return error_of(Fault::data, [&] { decode_image(bytes, "x.png"); });
}

int value(const Image& image, std::int64_t i) {
  return image.dtype == DType::u8 ? image.view().as<std::uint8_t>()[i]
                                  : image.view().as<std::uint16_t>()[i];
}

std::vector<int> values(const Image& image) {
  std::vector<int> result;
  for (std::int64_t i = 0; i < image.shape.size(); ++i) result.push_back(value(image, i));
  return result;
}

std::string text_of(std::initializer_list<int> bytes) {
  std::string result;
  for (const int byte : bytes) result += char(byte);
  return result;
}

Buffer pgm(std::string_view header, std::initializer_list<int> pixels) {
  return bytes_of(std::string(header) + text_of(pixels));
}

std::string png_chunk(std::string_view type, std::string_view data) {
  const std::string body = std::string(type) + std::string(data);
  return big_endian(std::uint32_t(data.size())) + body + big_endian(crc32(body));
}

Buffer png_with_data(const PngParts& parts, std::string_view compressed) {
  const std::string header = big_endian(parts.width) + big_endian(parts.height) +
                             char(parts.depth) + char(parts.color) + std::string(3, '\0');
  std::string file = "\x89PNG\r\n\x1a\n" + png_chunk("IHDR", header);
  if (!parts.first_chunk.empty()) file += png_chunk(parts.first_chunk, "");
  if (!parts.palette.empty()) file += png_chunk("PLTE", parts.palette);
  if (!parts.transparency.empty()) file += png_chunk("tRNS", parts.transparency);
  return bytes_of(file + png_chunk("IDAT", compressed) + png_chunk("IEND", ""));
}

Buffer png(const PngParts& parts) { return png_with_data(parts, zlib_stored(parts.rows)); }

std::string zlib_zeros(std::size_t count) {
  std::string bytes = "\x78\x9c";
  std::uint32_t pending = 0, filled = 0;
  const auto put = [&](std::uint32_t code, int bits) {  // Huffman codes go in from their top bit
    for (int bit = bits - 1; bit >= 0; --bit) {
      pending |= (code >> bit & 1) << filled;
      if (++filled < 8) continue;
      bytes += char(pending);
      pending = filled = 0;
    }
  };
  put(0b110, 3);       // last block, fixed codes: the bits 1, 1, 0 in this order
  put(0b00110000, 8);  // a zero
  std::size_t done = 1;
  for (; done + 258 <= count; done += 258) {
    put(0b11000101, 8);  // repeat 258 bytes
    put(0, 5);           // from one byte back
  }
  put(0, 7);                                                         // end
  put(0, 7);                                                         // fills the last byte
  return bytes + big_endian(std::uint32_t(done % 65521) << 16 | 1);  // Adler-32 of zeros
}

Buffer bmp(const BmpParts& parts) {
  const std::uint32_t pixels = 54 + std::uint32_t(parts.palette.size());
  const std::string file = "BM" + little_endian(pixels + std::uint32_t(parts.rows.size())) +
                           little_endian(0) + little_endian(pixels) + little_endian(40) +
                           little_endian(std::uint32_t(parts.width)) +
                           little_endian(std::uint32_t(parts.height)) + little_endian(1, 2) +
                           little_endian(std::uint32_t(parts.bits), 2) +
                           little_endian(std::uint32_t(parts.compression)) + std::string(12, '\0') +
                           little_endian(std::uint32_t(parts.palette.size() / 4)) +
                           little_endian(0) + parts.palette + parts.rows;
  return bytes_of(file);
}

Buffer jpeg(const Image& image, JpegKind kind) {
  jpeg_compress_struct encoder{};
  jpeg_error_mgr errors{};
  encoder.err = jpeg_std_error(&errors);
  jpeg_create_compress(&encoder);
  unsigned char* data = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&encoder, &data, &size);
  encoder.image_width = JDIMENSION(image.shape.w);
  encoder.image_height = JDIMENSION(image.shape.h);
  encoder.input_components = int(image.shape.c);
  encoder.in_color_space = kind == JpegKind::cmyk ? JCS_CMYK
                           : image.shape.c == 1   ? JCS_GRAYSCALE
                                                  : JCS_RGB;
  jpeg_set_defaults(&encoder);
  jpeg_set_quality(&encoder, 100, TRUE);
  if (kind == JpegKind::progressive) jpeg_simple_progression(&encoder);
  jpeg_start_compress(&encoder, TRUE);
  for (std::int64_t h = 0; h < image.shape.h; ++h) {
    auto* row = image.view().as<unsigned char>() + h * image.shape.w * image.shape.c;
    jpeg_write_scanlines(&encoder, &row, 1);
  }
  jpeg_finish_compress(&encoder);
  jpeg_destroy_compress(&encoder);
  const auto* first = reinterpret_cast<const std::byte*>(data);
  Buffer result(first, first + size);
  std::free(data);
  return result;
}

namespace {

void write_page(TIFF* file, const Image& image, const TiffParts& parts) {
  const auto width = std::uint32_t(image.shape.w), height = std::uint32_t(image.shape.h);
  const int bits = int(size_of(image.dtype)) * 8, channels = int(image.shape.c);
  TIFFSetField(file, TIFFTAG_IMAGEWIDTH, width);
  TIFFSetField(file, TIFFTAG_IMAGELENGTH, height);
  TIFFSetField(file, TIFFTAG_BITSPERSAMPLE, bits);
  TIFFSetField(file, TIFFTAG_SAMPLESPERPIXEL, channels);
  TIFFSetField(file, TIFFTAG_SAMPLEFORMAT, parts.format);
  TIFFSetField(file, TIFFTAG_COMPRESSION, parts.compression);
  const int natural = channels < 3 ? PHOTOMETRIC_MINISBLACK : PHOTOMETRIC_RGB;
  TIFFSetField(file, TIFFTAG_PHOTOMETRIC, parts.photometric < 0 ? natural : parts.photometric);
  TIFFSetField(file, TIFFTAG_PLANARCONFIG,
               parts.separate ? PLANARCONFIG_SEPARATE : PLANARCONFIG_CONTIG);
  if (channels == 2 || channels == 4) {
    std::uint16_t extra = EXTRASAMPLE_UNASSALPHA;
    TIFFSetField(file, TIFFTAG_EXTRASAMPLES, 1, &extra);
  }
  const std::size_t pixel = std::size_t(image.shape.c * size_of(image.dtype)), row = width * pixel;
  if (parts.tiled) {
    constexpr std::uint32_t kTile = 16;
    TIFFSetField(file, TIFFTAG_TILEWIDTH, kTile);
    TIFFSetField(file, TIFFTAG_TILELENGTH, kTile);
    for (std::uint32_t y = 0; y < height; y += kTile) {
      for (std::uint32_t x = 0; x < width; x += kTile) {
        Buffer tile(kTile * kTile * pixel);
        for (std::uint32_t i = 0; i < std::min(kTile, height - y); ++i) {
          std::memcpy(&tile[i * kTile * pixel], &image.pixels[(y + i) * row + x * pixel],
                      std::min(kTile, width - x) * pixel);
        }
        TIFFWriteTile(file, tile.data(), x, y, 0, 0);
      }
    }
    return;
  }
  constexpr std::uint32_t kRows = 8;  // a strip
  TIFFSetField(file, TIFFTAG_ROWSPERSTRIP, kRows);
  for (std::uint32_t y = 0; y < height; y += kRows) {
    Buffer strip(image.pixels.begin() + std::ptrdiff_t(y * row),
                 image.pixels.begin() + std::ptrdiff_t(std::min(y + kRows, height) * row));
    TIFFWriteEncodedStrip(file, y / kRows, strip.data(), tmsize_t(strip.size()));
  }
}

}  // namespace

Buffer tiff(const Image& image, const TiffParts& parts) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "x.tif";
  TIFFSetWarningHandler(nullptr);
  TIFF* file = TIFFOpen(path.c_str(), parts.big_endian ? "wb" : "wl");
  REQUIRE(file != nullptr);
  for (int page = 0; page < parts.pages; ++page) {
    write_page(file, image, parts);
    TIFFWriteDirectory(file);
  }
  TIFFClose(file);
  std::ifstream in(path, std::ios::binary);
  return bytes_of(std::string(std::istreambuf_iterator<char>(in), {}));
}

}  // namespace dagan::testing
