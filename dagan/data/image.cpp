#include "dagan/data/image.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string_view>

#include "core/check.h"
#include "dagan/data/codecs.h"
#include "dagan/data/file.h"

namespace dagan {
namespace {

using namespace std::literals;

// The pixels' bytes are hashed as they lie in memory, and a picture has one name everywhere.
static_assert(std::endian::native == std::endian::little);

bool starts_with(Bytes bytes, std::string_view start) {
  return bytes.size() >= start.size() && std::memcmp(bytes.data(), start.data(), start.size()) == 0;
}

using Decoder = Image(Bytes, const std::string&);

struct Format {
  std::string_view start;
  Decoder* decode;  // null: known, but not read
  const char* label;
};

constexpr Format kFormats[] = {
    {"\x89PNG\r\n\x1a\n"sv, decode_png, "PNG"},
    {"\xff\xd8\xff"sv, decode_jpeg, "JPEG"},
    {"BM"sv, decode_bmp, "BMP"},
    {"II\x2a\0"sv, decode_tiff, "TIFF"},
    {"MM\0\x2a"sv, decode_tiff, "TIFF"},
    {"P5"sv, decode_pnm, "PGM"},
    {"P6"sv, decode_pnm, "PPM"},
    {"II\x2b\0"sv, nullptr, "a BigTIFF"},
    {"MM\0\x2b"sv, nullptr, "a BigTIFF"},
    {"GIF8"sv, nullptr, "a GIF"},
    {"RIFF"sv, nullptr, "a WebP or other RIFF"},
    {"\0\0\0\x0cjP  "sv, nullptr, "a JPEG 2000"},
    {"\x93NUMPY"sv, nullptr, "a NumPy"},
    {"%PDF"sv, nullptr, "a PDF"},
    {"8BPS"sv, nullptr, "a Photoshop"},
    {"P1"sv, nullptr, "a plain-text PBM"},
    {"P2"sv, nullptr, "a plain-text PGM"},
    {"P3"sv, nullptr, "a plain-text PPM"},
    {"P4"sv, nullptr, "a bitmap PBM"},
    {"P7"sv, nullptr, "a PAM"},
};

bool is_portable_anymap(Bytes bytes) {
  if (bytes.size() < 3 || char(bytes[0]) != 'P') return false;
  const char kind = char(bytes[1]), next = char(bytes[2]);
  return kind >= '1' && kind <= '7' &&
         (next == ' ' || next == '#' || (next >= '\t' && next <= '\r'));
}

// An anymap starts with readable text, and so may its pixels be.
bool is_text(Bytes bytes) {
  if (is_portable_anymap(bytes)) return false;
  const Bytes start = bytes.first(std::min<std::size_t>(bytes.size(), 512));
  return std::all_of(start.begin(), start.end(), [](std::byte byte) {
    const int c = int(byte);
    return (c >= 32 && c != 127) || (c >= 9 && c <= 13);
  });
}

template <class T>
Image drop_last_channel(const Image& image, const std::string& name) {
  const std::int64_t channels = image.shape.c;
  Image result = make_image({1, image.shape.h, image.shape.w, channels - 1}, image.dtype);
  const T* from = image.view().as<const T>();
  T* to = result.view().as<T>();
  for (std::int64_t i = 0; i < image.shape.pixels(); ++i, from += channels, to += channels - 1) {
    check(
        Fault::data, from[channels - 1] == T(-1), name, ": pixel (x ", i % image.shape.w, ", y ",
        i / image.shape.w,
        ") is transparent, and what stands behind it is unknown; save the picture without opacity");
    std::copy_n(from, channels - 1, to);
  }
  return result;
}

}  // namespace

View Image::view() const { return view_of(pixels.data(), shape, dtype); }

Image make_image(Shape shape, DType dtype) {
  return {shape, dtype, std::vector<std::byte>(std::size_t(shape.size() * size_of(dtype)))};
}

void check_extent(std::uint64_t width, std::uint64_t height, const std::string& name) {
  check(Fault::data, width > 0 && height > 0, name, ": is ", width, " x ", height,
        " pixels, so it is empty; remove it");
  const std::uint64_t side = std::uint64_t(kImageLimits.side);
  check(Fault::data, width <= side && height <= side, name, ": is ", width, " x ", height,
        " pixels, and the limit is ", side, " each way; crop it into tiles");
  check(Fault::data, width * height <= std::uint64_t(kImageLimits.pixels), name, ": is ", width,
        " x ", height, " pixels, and the limit is ", kImageLimits.pixels >> 20,
        " megapixels; crop it into tiles");
}

Image without_opacity(Image image, const std::string& name) {
  if (image.shape.c == 1 || image.shape.c == 3) return image;
  return image.dtype == DType::u8 ? drop_last_channel<std::uint8_t>(image, name)
                                  : drop_last_channel<std::uint16_t>(image, name);
}

Image first_channel(const Image& image) {
  Image result = make_image({1, image.shape.h, image.shape.w, 1}, image.dtype);
  const std::size_t width = std::size_t(size_of(image.dtype));
  const std::size_t step = width * std::size_t(image.shape.c);
  for (std::size_t i = 0; i < std::size_t(image.shape.pixels()); ++i) {
    std::memcpy(&result.pixels[i * width], &image.pixels[i * step], width);
  }
  return result;
}

Image decode_image(std::span<const std::byte> bytes, const std::string& name) {
  check(Fault::data, !bytes.empty(), name, ": is empty; remove it or copy it again");
  const bool readable = is_text(bytes);
  for (const Format& format : kFormats) {
    if (readable || !starts_with(bytes, format.start)) continue;
    if (!format.decode) unsupported(name, "is ", format.label, " file, which is not read");
    return format.decode(bytes, name);
  }
  fail(Fault::data, name, ": is ", readable ? "a text file" : "not a file of a known kind",
       ", not an image; expected PNG, JPEG, BMP, TIFF, PGM or PPM: replace or remove it");
}

Image read_image(const std::filesystem::path& file) {
  return decode_image(read_file(file, kImageLimits.file), shown(file));
}

Digest content_digest(const Image& image) {
  Sha256 hash;
  for (const std::int64_t value :
       {image.shape.h, image.shape.w, image.shape.c, size_of(image.dtype)}) {
    hash.add_number(std::uint64_t(value));
  }
  hash.add(image.pixels);
  return hash.finish();
}

}  // namespace dagan
