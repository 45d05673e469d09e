// PNG: libdeflate inflates, several times faster than stb_image. What is left of a grey or colour
// picture are its rows' filters. The rarer kinds (palettes, less than 8 bits, interlaced, a colour
// that means transparent) go to stb_image, with their data stored instead of compressed. The chunks
// are walked and their checksums tested first: stb_image trusts lengths, skips checksums, and would
// take the memory that a damaged file asks for.
#include <libdeflate.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <new>
#include <string_view>
#include <vector>

#include "core/memory.h"
#include "dagan/data/codecs.h"
#include "dagan/data/png_filters.h"

namespace dagan::png {
namespace {

thread_local std::size_t budget = 0;  // bytes that stb_image may still take

constexpr std::size_t kHeader =
    16;  // keeps the size of an allocation in front of it, and the alignment

void* budget_realloc(void* old, std::size_t size) {
  std::byte* base = old ? static_cast<std::byte*>(old) - kHeader : nullptr;
  std::size_t held = 0;
  if (base) std::memcpy(&held, base, sizeof held);
  if (size > budget + held) return nullptr;
  auto* grown = static_cast<std::byte*>(std::realloc(base, size + kHeader));
  if (!grown) return nullptr;
  budget = budget + held - size;
  std::memcpy(grown, &size, sizeof size);
  return grown + kHeader;
}

void budget_free(void* memory) {
  if (!memory) return;
  std::byte* base = static_cast<std::byte*>(memory) - kHeader;
  std::size_t held = 0;
  std::memcpy(&held, base, sizeof held);
  budget += held;
  std::free(base);
}

}  // namespace
}  // namespace dagan::png

#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_PNG
#define STBI_NO_STDIO
#define STBI_MALLOC(size) dagan::png::budget_realloc(nullptr, size)
#define STBI_REALLOC(memory, size) dagan::png::budget_realloc(memory, size)
#define STBI_FREE(memory) dagan::png::budget_free(memory)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wunused-but-set-variable"
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wtype-limits"
#include <stb/stb_image.h>
#pragma GCC diagnostic pop

namespace dagan {
namespace {

constexpr std::uint64_t kMore = 4096;  // bytes behind the last row: of no use, but no damage

std::uint32_t big_endian(Bytes bytes, std::size_t at) {
  return std::uint32_t(bytes[at]) << 24 | std::uint32_t(bytes[at + 1]) << 16 |
         std::uint32_t(bytes[at + 2]) << 8 | std::uint32_t(bytes[at + 3]);
}

std::uint32_t crc32(Bytes bytes) { return libdeflate_crc32(0, bytes.data(), bytes.size()); }

struct Header {
  std::uint32_t width = 0, height = 0;
  int depth = 0;     // bits a channel
  int channels = 0;  // as stored: 1 for a palette's index
  bool palette = false, grey_palette = false, interlaced = false;
  Bytes first = {}, colors = {}, opacity = {};  // IHDR and, if there are any, PLTE and tRNS
  std::vector<std::byte> compressed = {};       // pixel data

  bool plain() const { return !palette && !interlaced && depth >= 8 && opacity.empty(); }
  std::uint64_t bits() const { return std::uint64_t(channels) * std::uint64_t(depth); }
  // Bytes of the filtered rows of width x height pixels.
  std::uint64_t rows(std::uint64_t w, std::uint64_t h) const {
    return w > 0 ? h * (1 + (w * bits() + 7) / 8) : 0;
  }
  std::uint64_t inflated() const {
    if (!interlaced) return rows(width, height);
    struct Pass {
      std::uint32_t x, y, step_x, step_y;
    };
    constexpr Pass kAdam7[] = {{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4},
                               {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}};
    std::uint64_t sum = 0;
    for (const Pass& pass : kAdam7)
      if (pass.x < width && pass.y < height)
        sum += rows((width - pass.x + pass.step_x - 1) / pass.step_x,
                    (height - pass.y + pass.step_y - 1) / pass.step_y);
    return sum;
  }
};

Header parse_first_chunk(Bytes data, const std::string& name) {
  Header header{big_endian(data, 0), big_endian(data, 4), int(data[8])};
  check_extent(header.width, header.height, name);
  constexpr int kChannels[7] = {1, 0, 3, 1, 2, 0, 4};
  const int color = int(data[9]);
  header.channels = color < 7 ? kChannels[color] : 0;
  header.palette = color == 3;
  header.interlaced = int(data[12]) == 1;
  const bool small = header.depth == 1 || header.depth == 2 || header.depth == 4;
  const bool known_depth = header.depth == 8 || (header.depth == 16 && !header.palette) ||
                           (small && header.channels == 1);
  if (header.channels == 0 || !known_depth || int(data[10]) != 0 || int(data[11]) != 0 ||
      int(data[12]) > 1) {
    damaged(name, "its PNG header describes no known kind of picture");
  }
  return header;
}

bool all_grey(Bytes palette) {
  for (std::size_t i = 0; i + 2 < palette.size(); i += 3) {
    if (palette[i] != palette[i + 1] || palette[i] != palette[i + 2]) return false;
  }
  return true;
}

// Walks every chunk up to the last one. What follows reads only those that are kept here.
Header parse_chunks(Bytes bytes, const std::string& name) {
  Header header;
  std::size_t at = 8;  // behind the signature
  for (bool first = true;; first = false) {
    if (bytes.size() - at < 12) damaged(name, "the PNG ends before its last chunk");
    const std::uint32_t length = big_endian(bytes, at);
    if (length > bytes.size() - at - 12) {
      damaged(name, "a PNG chunk claims ", length, " bytes where ", bytes.size() - at - 12,
              " are left");
    }
    const std::string type(reinterpret_cast<const char*>(&bytes[at + 4]), 4);
    const Bytes data = bytes.subspan(at + 8, length);
    if (crc32(bytes.subspan(at + 4, length + 4)) != big_endian(bytes, at + 8 + length)) {
      damaged(name, "the checksum of a PNG chunk is wrong");
    }
    if (first != (type == "IHDR") || (first && length != 13))
      damaged(name, "the PNG header is wrong");
    if (first) header = parse_first_chunk(data, name);
    if (type == "acTL") unsupported(name, "is an animated PNG");
    const bool of_pixels = type == "PLTE" || type == "tRNS";
    const bool critical = (bytes[at + 4] & std::byte(32)) == std::byte(0);
    if (critical && !first && type != "PLTE" && type != "IDAT" && type != "IEND")
      unsupported(name, "has a PNG chunk that must be understood and is not");
    if (of_pixels && !header.compressed.empty())
      damaged(name, "a PNG chunk that belongs before the pixels is behind them");
    if (type == "PLTE" && (length == 0 || length % 3 != 0 || length > 768))
      damaged(name, "the palette of the PNG has ", length, " bytes");
    if (type == "IHDR") header.first = data;
    if (type == "PLTE")
      header.colors = data, header.grey_palette = header.palette && all_grey(data);
    if (type == "tRNS") header.opacity = data;
    if (type == "IDAT" && header.compressed.empty()) header.compressed.reserve(bytes.size() - at);
    if (type == "IDAT") header.compressed.insert(header.compressed.end(), data.begin(), data.end());
    if (type == "IEND") return header;
    at += 12 + std::size_t(length);
  }
}

// What stb_image needs at most: the compressed data, the inflated rows, and a copy or two of the
// picture with one more channel (a palette becomes four).
std::size_t needed_memory(const Header& header, std::size_t file) {
  const std::size_t channels = header.palette ? 4 : std::size_t(header.channels) + 1;
  const std::size_t row = header.width * channels * (header.depth == 16 ? 2 : 1) + 8;
  return 4 * row * header.height + 3 * file + (std::size_t(1) << 20);
}

// Writes the filtered rows, and up to kMore bytes behind them.
void inflate(const Header& header, std::byte* rows, const std::string& name) {
  const std::uint64_t size = header.inflated();
  const std::unique_ptr<libdeflate_decompressor, void (*)(libdeflate_decompressor*)> decompressor(
      libdeflate_alloc_decompressor(), libdeflate_free_decompressor);
  if (!decompressor) throw std::bad_alloc();
  std::size_t made = 0;
  const libdeflate_result result =
      libdeflate_zlib_decompress(decompressor.get(), header.compressed.data(),
                                 header.compressed.size(), rows, size + kMore, &made);
  if (result == LIBDEFLATE_INSUFFICIENT_SPACE)
    damaged(name, "the PNG has more data than its ", header.width, " x ", header.height,
            " pixels need");
  if (result != LIBDEFLATE_SUCCESS || made < size)
    damaged(name, "the PNG's pixels cannot be inflated");
}

Image decode_plain(const Header& header, const std::string& name) {
  const auto rows = std::make_unique_for_overwrite<std::byte[]>(header.inflated() + kMore);
  inflate(header, rows.get(), name);
  Image image = make_image({1, header.height, header.width, header.channels},
                           header.depth == 8 ? DType::u8 : DType::u16);
  const std::int64_t pixel = header.channels * header.depth / 8;
  const std::int64_t done = png::undo_filters(rows.get(), header.height, header.width * pixel,
                                              int(pixel), image.pixels.data());
  if (done < std::int64_t(header.height))
    damaged(name, "row ", done, " of the PNG has no known filter");
  if (header.depth == 16) {
    for (std::size_t i = 0; i < image.pixels.size(); i += 2)
      std::swap(image.pixels[i], image.pixels[i + 1]);  // the file's numbers are big-endian
  }
  return image;
}

// Writes what a PNG is made of, without checksums, which stb_image does not read.
struct PngWriter {
  std::byte* at;

  void put(Bytes bytes) { at = std::copy(bytes.begin(), bytes.end(), at); }
  void put(std::initializer_list<unsigned> bytes) {
    for (const unsigned byte : bytes) *at++ = std::byte(byte & 255);
  }
  void begin(const char (&type)[5], std::size_t length) {
    const unsigned n = unsigned(length);
    put({n >> 24, n >> 16, n >> 8, n});
    for (const char letter : std::string_view(type)) *at++ = std::byte(letter);
  }
  void end() { put({0, 0, 0, 0}); }
};

// The same picture with its data in blocks that are stored as they are, and with a palette that has
// all colours that an index can ask for: stb_image takes what lies behind a shorter one.
FileBytes without_compression(Header& header, const std::string& name) {
  constexpr std::size_t kBlock = 65535;
  const std::uint64_t size = header.inflated();
  const std::size_t blocks = (size + kBlock - 1) / kBlock, data = 2 + size + 5 * blocks + 4;
  const std::size_t colors = header.colors.empty() || !header.palette
                                 ? header.colors.size()
                                 : std::max(header.colors.size(), std::size_t(3) << header.depth);
  const std::size_t others = 128 + header.first.size() + colors + header.opacity.size();
  FileBytes plain(others + data + kMore);
  std::byte* rows = plain.data() + plain.size() - size - kMore;
  inflate(header, rows, name);
  header.compressed = {};

  PngWriter out{plain.data()};
  out.put({137, 'P', 'N', 'G', 13, 10, 26, 10});
  const auto chunk = [&](const char(&type)[5], Bytes content, std::size_t length) {
    if (length == 0) return;
    out.begin(type, length);
    out.put(content);
    out.at = std::fill_n(out.at, length - content.size(), std::byte(0));
    out.end();
  };
  chunk("IHDR", header.first, header.first.size());
  chunk("PLTE", header.colors, colors);
  chunk("tRNS", header.opacity, header.opacity.size());
  out.begin("IDAT", data);
  out.put({0x78, 0x01});
  // The blocks never overtake the rows, which lie behind the headers of all blocks.
  for (std::size_t from = 0; from < size; from += kBlock) {
    const unsigned n = unsigned(std::min<std::uint64_t>(kBlock, size - from));
    out.put({from + n == size, n, n >> 8, ~n, ~n >> 8});
    std::memmove(out.at, rows + from, n);
    out.at += n;
  }
  out.end();  // of the data
  out.end();  // of the chunk
  out.begin("IEND", 0);
  out.end();
  plain.resize(std::size_t(out.at - plain.data()));
  return plain;
}

Image decode_by_stb(Header& header, const std::string& name) {
  const FileBytes plain = without_compression(header, name);
  png::budget = needed_memory(header, plain.size());
  const auto* data = reinterpret_cast<const stbi_uc*>(plain.data());
  const int size = int(plain.size()), wide = header.depth == 16;
  int width = 0, height = 0, channels = 0;
  const std::unique_ptr<void, void (*)(void*)> pixels(
      wide ? static_cast<void*>(stbi_load_16_from_memory(data, size, &width, &height, &channels, 0))
           : stbi_load_from_memory(data, size, &width, &height, &channels, 0),
      stbi_image_free);
  if (!pixels) damaged(name, "the PNG's pixels cannot be decoded (", stbi_failure_reason(), ")");
  Image image = make_image({1, height, width, channels}, wide ? DType::u16 : DType::u8);
  std::memcpy(image.pixels.data(), pixels.get(), image.pixels.size());
  return image;
}

}  // namespace

Image decode_png(Bytes bytes, const std::string& name) {
  constexpr std::uint64_t kBestRatio = 1032;  // no deflate stream inflates more
  Header header = parse_chunks(bytes, name);
  if (header.compressed.size() * kBestRatio < header.inflated())
    damaged(name, "the PNG has too little data for ", header.width, " x ", header.height,
            " pixels");
  Image image = header.plain() ? decode_plain(header, name) : decode_by_stb(header, name);
  image = without_opacity(std::move(image), name);
  return header.grey_palette ? first_channel(image) : image;
}

}  // namespace dagan
