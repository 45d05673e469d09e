// Windows bitmaps without compression: palettes of 1, 4 and 8 bits, and colour of 24 and 32 bits.
#include "dagan/data/codecs.h"

namespace dagan {
namespace {

constexpr std::size_t kFileHeader = 14;

std::uint32_t little_endian(Bytes bytes, std::size_t at, int count) {
  std::uint32_t value = 0;
  for (int i = 0; i < count; ++i) value |= std::uint32_t(bytes[at + std::size_t(i)]) << 8 * i;
  return value;
}

// OS/2 1.x has 16-bit extents without a sign.
std::int64_t read_extent(Bytes bytes, bool old, std::size_t at) {
  if (old) return little_endian(bytes, at, 2);
  return std::int32_t(little_endian(bytes, at, 4));
}

struct Header {
  std::int64_t width = 0, height = 0;
  bool top_down = false, opacity = false;
  std::uint32_t bits = 0;                           // a pixel
  std::size_t pixels = 0, palette = 0, colors = 0;  // offsets in the file; entries of the palette
  std::size_t entry = 4;                            // bytes of one
  std::size_t row() const { return (std::size_t(width) * bits + 31) / 32 * 4; }
};

// Colours at the places where every program puts them; anything else is refused.
bool usual_masks(Bytes bytes, std::size_t info, bool& opacity) {
  constexpr std::size_t kMasks = kFileHeader + 40;
  if (bytes.size() < kMasks + 12) return false;
  if (info >= 56 && bytes.size() >= kMasks + 16)
    opacity = little_endian(bytes, kMasks + 12, 4) != 0;
  const bool opacity_on_top = !opacity || little_endian(bytes, kMasks + 12, 4) == 0xff000000u;
  return little_endian(bytes, kMasks, 4) == 0xff0000u &&
         little_endian(bytes, kMasks + 4, 4) == 0xff00u &&
         little_endian(bytes, kMasks + 8, 4) == 0xffu && opacity_on_top;
}

Header parse_header(Bytes bytes, const std::string& name) {
  if (bytes.size() < kFileHeader + 12) damaged(name, "the BMP ends inside its header");
  const std::size_t info = little_endian(bytes, 14, 4);
  const bool old = info == 12;  // OS/2 1.x
  if (!old && (info < 40 || info > 124)) damaged(name, "the BMP header is of no known kind");
  if (bytes.size() < kFileHeader + info) damaged(name, "the BMP ends inside its header");
  Header header;
  header.pixels = little_endian(bytes, 10, 4);
  header.width = read_extent(bytes, old, 18);
  header.height = read_extent(bytes, old, old ? 20 : 22);
  header.bits = little_endian(bytes, old ? 24 : 28, 2);
  header.entry = old ? 3 : 4;
  const std::uint32_t compression = old ? 0 : little_endian(bytes, 30, 4);
  header.top_down = header.height < 0;
  if (header.top_down) header.height = -header.height;
  if (header.width < 0) damaged(name, "the BMP claims a negative width");
  check_extent(std::uint64_t(header.width), std::uint64_t(header.height), name);

  header.palette = kFileHeader + info;
  const bool indexed = header.bits == 1 || header.bits == 4 || header.bits == 8;
  if (!indexed && header.bits != 24 && header.bits != 32) {
    unsupported(name, "is a BMP of ", header.bits, " bits a pixel, which is not read");
  }
  if (compression == 3 && header.bits == 32) {
    if (!usual_masks(bytes, info, header.opacity))
      unsupported(name, "is a BMP with unusual colour masks");
  } else if (compression != 0) {
    unsupported(name, "is a compressed BMP, which is not read");
  }
  if (indexed) {
    const std::size_t used = old ? 0 : little_endian(bytes, 46, 4);
    const std::size_t most = std::size_t(1) << header.bits;
    header.colors = used == 0 || used > most ? most : used;
    if (header.palette + header.colors * header.entry > header.pixels) {
      damaged(name, "the BMP's palette reaches into its pixels");
    }
  }
  if (header.pixels < header.palette || header.pixels > bytes.size() ||
      header.row() * std::size_t(header.height) > bytes.size() - header.pixels) {
    damaged(name, "the BMP ends before its last pixel");
  }
  return header;
}

// The stored rows from top to bottom.
Bytes stored_row(Bytes bytes, const Header& header, std::int64_t h) {
  const std::int64_t row = header.top_down ? h : header.height - 1 - h;
  return bytes.subspan(header.pixels + std::size_t(row) * header.row(), header.row());
}

Image read_indexed(Bytes bytes, const Header& header, const std::string& name) {
  Image image = make_image({1, header.height, header.width, 3});
  std::byte* to = image.pixels.data();
  const std::uint32_t mask = (1u << header.bits) - 1;
  for (std::int64_t h = 0; h < header.height; ++h) {
    const Bytes row = stored_row(bytes, header, h);
    for (std::size_t bit = 0; bit < std::size_t(header.width) * header.bits; bit += header.bits) {
      const std::uint32_t index = std::uint32_t(row[bit / 8]) >> (8 - header.bits - bit % 8) & mask;
      if (index >= header.colors) damaged(name, "a pixel of the BMP has no entry in its palette");
      const std::byte* entry = &bytes[header.palette + index * header.entry];
      for (int c = 2; c >= 0; --c) *to++ = entry[c];
    }
  }
  for (std::size_t i = 0; i < header.colors; ++i) {
    const std::byte* entry = &bytes[header.palette + i * header.entry];
    if (entry[0] != entry[1] || entry[0] != entry[2]) return image;
  }
  return first_channel(image);
}

Image read_color(Bytes bytes, const Header& header, const std::string& name) {
  const std::size_t step = header.bits / 8, channels = header.opacity ? 4 : 3;
  Image image = make_image({1, header.height, header.width, std::int64_t(channels)});
  std::byte* to = image.pixels.data();
  for (std::int64_t h = 0; h < header.height; ++h) {
    const std::byte* from = stored_row(bytes, header, h).data();
    for (std::int64_t w = 0; w < header.width; ++w, from += step, to += channels) {
      for (std::size_t c = 0; c < 3; ++c) to[c] = from[2 - c];
      if (header.opacity) to[3] = from[3];
    }
  }
  return without_opacity(std::move(image), name);
}

}  // namespace

Image decode_bmp(Bytes bytes, const std::string& name) {
  const Header header = parse_header(bytes, name);
  return header.colors > 0 ? read_indexed(bytes, header, name) : read_color(bytes, header, name);
}

}  // namespace dagan
