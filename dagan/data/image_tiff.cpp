// TIFF by libtiff: one page, 8 or 16 bit unsigned, grey or RGB, in strips or tiles. libtiff's
// messages are caught for each file, so that none is printed and threads do not share them.
#include <tiffio.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <memory>

#include "dagan/data/codecs.h"

namespace dagan {
namespace {

struct Source {
  Bytes bytes;
  std::size_t at = 0;
  char message[256] = "";  // the first error of libtiff
};

tmsize_t read_some(thandle_t handle, void* to, tmsize_t count) {
  auto* source = static_cast<Source*>(handle);
  const std::size_t left = source->bytes.size() - std::min(source->at, source->bytes.size());
  const std::size_t taken = std::min(left, std::size_t(count));
  if (taken > 0) std::memcpy(to, source->bytes.data() + source->at, taken);
  source->at += taken;
  return tmsize_t(taken);
}

toff_t seek(thandle_t handle, toff_t offset, int whence) {
  auto* source = static_cast<Source*>(handle);
  const std::size_t from = whence == SEEK_SET   ? 0
                           : whence == SEEK_CUR ? source->at
                                                : source->bytes.size();
  return source->at = from + std::size_t(offset);
}

toff_t size_of_source(thandle_t handle) { return static_cast<Source*>(handle)->bytes.size(); }
tmsize_t write_none(thandle_t, void*, tmsize_t) { return -1; }
int close_none(thandle_t) { return 0; }

int on_error(TIFF*, void* user, const char*, const char* format, std::va_list arguments) {
  auto* source = static_cast<Source*>(user);
  if (!source->message[0]) {
    std::vsnprintf(source->message, sizeof source->message, format, arguments);
  }
  return 1;
}

int on_warning(TIFF*, void*, const char*, const char*, std::va_list) { return 1; }

std::uint64_t number(Bytes bytes, std::size_t at, int count) {
  std::uint64_t value = 0;
  const bool little = char(bytes[0]) == 'I';
  for (int i = 0; i < count; ++i) {
    value |= std::uint64_t(bytes[at + std::size_t(i)]) << 8 * (little ? i : count - 1 - i);
  }
  return value;
}

// libtiff goes on with defaults where the directory of a page is cut off, so that is looked for
// first.
void check_directory(Bytes bytes, const std::string& name) {
  constexpr std::uint64_t kTypeBytes[14] = {0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4};
  constexpr std::size_t kEntry = 12;
  const std::size_t at = bytes.size() < 8 ? bytes.size() : number(bytes, 4, 4);
  if (at + 2 > bytes.size()) damaged(name, "the TIFF ends before its directory");
  const std::size_t entries = number(bytes, at, 2), end = at + 2 + entries * kEntry + 4;
  if (end > bytes.size()) damaged(name, "the TIFF ends inside its directory");
  for (std::size_t entry = at + 2; entry + 4 < end; entry += kEntry) {
    const std::uint64_t type = number(bytes, entry + 2, 2);
    const std::uint64_t size = (type < 14 ? kTypeBytes[type] : 0) * number(bytes, entry + 4, 4);
    if (size > 4 && number(bytes, entry + 8, 4) + size > bytes.size()) {
      damaged(name, "the TIFF ends before a value of its directory");
    }
  }
}

using Tiff = std::unique_ptr<TIFF, void (*)(TIFF*)>;

Tiff open(Source& source) {
  const std::unique_ptr<TIFFOpenOptions, void (*)(TIFFOpenOptions*)> options(TIFFOpenOptionsAlloc(),
                                                                             TIFFOpenOptionsFree);
  constexpr tmsize_t kMemory = tmsize_t(1) << 29;
  TIFFOpenOptionsSetMaxSingleMemAlloc(options.get(), kMemory);
  TIFFOpenOptionsSetErrorHandlerExtR(options.get(), on_error, &source);
  TIFFOpenOptionsSetWarningHandlerExtR(options.get(), on_warning, &source);
  return {TIFFClientOpenExt("", "rm", &source, read_some, write_none, seek, close_none,
                            size_of_source, nullptr, nullptr, options.get()),
          TIFFClose};
}

std::uint16_t tag(TIFF* tiff, std::uint32_t which) {
  std::uint16_t value = 0;
  TIFFGetFieldDefaulted(tiff, which, &value);
  return value;
}

// The picture's shape with any opacity still in it.
Image describe(TIFF* tiff, const std::string& name) {
  std::uint32_t width = 0, height = 0;
  TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &width);
  TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &height);
  check_extent(width, height, name);
  if (!TIFFLastDirectory(tiff)) unsupported(name, "has several pages, and only one can be meant");
  const int bits = tag(tiff, TIFFTAG_BITSPERSAMPLE), channels = tag(tiff, TIFFTAG_SAMPLESPERPIXEL);
  const int format = tag(tiff, TIFFTAG_SAMPLEFORMAT), photometric = tag(tiff, TIFFTAG_PHOTOMETRIC);
  if (format != SAMPLEFORMAT_UINT && format != SAMPLEFORMAT_VOID) {
    unsupported(name, "holds floating-point or signed numbers");
  }
  if (bits != 8 && bits != 16) unsupported(name, "has ", bits, " bits a channel");
  if (photometric == PHOTOMETRIC_PALETTE) unsupported(name, "has a palette");
  const bool grey = photometric == PHOTOMETRIC_MINISBLACK || photometric == PHOTOMETRIC_MINISWHITE;
  const bool color = photometric == PHOTOMETRIC_RGB || photometric == PHOTOMETRIC_YCBCR;
  if (!grey && !color) unsupported(name, "is neither grey nor RGB (photometric ", photometric, ")");
  const int expected = grey ? 1 : 3;
  if (channels != expected && channels != expected + 1) {
    unsupported(name, "has ", channels, " channels");
  }
  if (channels > 1 && tag(tiff, TIFFTAG_PLANARCONFIG) != PLANARCONFIG_CONTIG) {
    unsupported(name, "stores its channels one after the other");
  }
  const std::uint16_t compression = tag(tiff, TIFFTAG_COMPRESSION);
  if (!TIFFIsCODECConfigured(compression)) {
    unsupported(name, "is compressed in a way that is not read (", compression, ")");
  }
  if (photometric == PHOTOMETRIC_YCBCR) {
    if (compression != COMPRESSION_JPEG) unsupported(name, "stores YCbCr colours without JPEG");
    TIFFSetField(tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
  }
  // A strip or tile is read whole: its size is checked before the memory for any is taken.
  const std::int64_t block = TIFFIsTiled(tiff) ? TIFFTileSize64(tiff) : TIFFStripSize64(tiff);
  constexpr std::int64_t kMargin = 16 << 20;         // a tile may be larger than a small picture
  const Shape shape = {1, height, width, channels};  // (1,H,W,C)
  if (block <= 0 || block > shape.size() * bits / 8 + kMargin) {
    damaged(name, "its strips or tiles have an impossible size");
  }
  return make_image(shape, bits == 8 ? DType::u8 : DType::u16);
}

bool read_strips(TIFF* tiff, Image& image) {
  std::byte* to = image.pixels.data();
  std::size_t left = image.pixels.size();
  for (std::uint32_t strip = 0; strip < TIFFNumberOfStrips(tiff) && left > 0; ++strip) {
    const tmsize_t wanted = std::min(TIFFStripSize(tiff), tmsize_t(left));
    if (TIFFReadEncodedStrip(tiff, strip, to, wanted) != wanted) return false;
    to += wanted;
    left -= std::size_t(wanted);
  }
  return left == 0;
}

bool read_tiles(TIFF* tiff, Image& image) {
  std::uint32_t tile_width = 0, tile_height = 0;
  TIFFGetField(tiff, TIFFTAG_TILEWIDTH, &tile_width);
  TIFFGetField(tiff, TIFFTAG_TILELENGTH, &tile_height);
  const std::size_t pixel = std::size_t(image.shape.c * size_of(image.dtype));
  const std::size_t tile_row = tile_width * pixel;
  std::vector<std::byte> tile(std::size_t(TIFFTileSize(tiff)));
  if (tile_width == 0 || tile_height == 0 || tile.size() != tile_row * tile_height) return false;
  const std::uint32_t height = std::uint32_t(image.shape.h), width = std::uint32_t(image.shape.w);
  for (std::uint32_t top = 0; top < height; top += tile_height) {
    for (std::uint32_t left = 0; left < width; left += tile_width) {
      if (TIFFReadTile(tiff, tile.data(), left, top, 0, 0) != tmsize_t(tile.size())) return false;
      const std::uint32_t rows = std::min(tile_height, height - top);
      const std::size_t bytes = std::min(tile_width, width - left) * pixel;
      for (std::uint32_t row = 0; row < rows; ++row) {
        std::byte* to = &image.pixels[(std::size_t(top + row) * width + left) * pixel];
        std::memcpy(to, &tile[row * tile_row], bytes);
      }
    }
  }
  return true;
}

}  // namespace

Image decode_tiff(Bytes bytes, const std::string& name) {
  check_directory(bytes, name);
  Source source{bytes};
  const Tiff tiff = open(source);
  if (!tiff) damaged(name, "the TIFF's directory cannot be read (", source.message, ")");
  Image image = describe(tiff.get(), name);
  const bool complete =
      TIFFIsTiled(tiff.get()) ? read_tiles(tiff.get(), image) : read_strips(tiff.get(), image);
  if (!complete || source.message[0]) {
    damaged(name, "the TIFF's pixels cannot be decoded (",
            source.message[0] ? source.message : "some are missing", ")");
  }
  image = without_opacity(std::move(image), name);
  if (tag(tiff.get(), TIFFTAG_PHOTOMETRIC) == PHOTOMETRIC_MINISWHITE) {
    for (std::byte& byte : image.pixels) byte = ~byte;
  }
  return image;
}

}  // namespace dagan
