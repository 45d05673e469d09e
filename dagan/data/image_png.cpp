// PNG by libdeflate, which inflates several times faster than stb_image, and stb_image, which gets
// the same picture with its data stored instead of compressed. The chunks are walked and their
// checksums tested first: stb_image trusts lengths, skips checksums, and would take the memory that
// a damaged file asks for.
#include <libdeflate.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <new>
#include <vector>

#include "core/memory.h"
#include "dagan/data/codecs.h"

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
  std::vector<Bytes> chunks = {};          // that say what the numbers mean, whole
  std::vector<std::byte> compressed = {};  // pixel data

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

// Walks every chunk up to the last one, so that whatever stb_image sees is complete and undamaged.
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
    if (type == "PLTE") header.grey_palette = header.palette && all_grey(data);
    if (first || type == "PLTE" || type == "tRNS")
      header.chunks.push_back(bytes.subspan(at, length + 12));
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

// The filtered rows.
FileBytes inflate(const Header& header, const std::string& name) {
  constexpr std::uint64_t kBestRatio = 1032;  // no deflate stream inflates more
  constexpr std::uint64_t kMore = 4096;       // behind the last row: of no use, but no damage
  const std::uint64_t size = header.inflated();
  if (header.compressed.size() * kBestRatio < size) {
    damaged(name, "the PNG has too little data for ", header.width, " x ", header.height,
            " pixels");
  }
  FileBytes rows(size + kMore);
  const std::unique_ptr<libdeflate_decompressor, void (*)(libdeflate_decompressor*)> decompressor(
      libdeflate_alloc_decompressor(), libdeflate_free_decompressor);
  if (!decompressor) throw std::bad_alloc();
  std::size_t made = 0;
  const libdeflate_result result =
      libdeflate_zlib_decompress(decompressor.get(), header.compressed.data(),
                                 header.compressed.size(), rows.data(), rows.size(), &made);
  if (result != LIBDEFLATE_SUCCESS || made < size)
    damaged(name, "the PNG's pixels cannot be inflated");
  rows.resize(size);
  return rows;
}

void append(FileBytes& to, Bytes bytes) { to.insert(to.end(), bytes.begin(), bytes.end()); }

void append(FileBytes& to, std::initializer_list<unsigned> bytes) {
  for (const unsigned byte : bytes) to.push_back(std::byte(byte & 255));
}

// The same picture, its data in blocks that are stored as they are. No checksum is right.
FileBytes without_compression(const Header& header, Bytes file, const std::string& name) {
  constexpr std::size_t kBlock = 65535, kSignature = 8;
  const FileBytes rows = inflate(header, name);
  const std::size_t blocks = (rows.size() + kBlock - 1) / kBlock;
  const std::size_t length = 2 + rows.size() + 5 * blocks + 4;
  FileBytes plain;
  plain.reserve(file.size() + length + 64);
  append(plain, file.first(kSignature));
  for (const Bytes chunk : header.chunks) append(plain, chunk);
  const unsigned n = unsigned(length);
  append(plain, {n >> 24, n >> 16, n >> 8, n, 'I', 'D', 'A', 'T', 0x78, 0x01});
  for (std::size_t at = 0; at < rows.size(); at += kBlock) {
    const std::size_t size = std::min(kBlock, rows.size() - at);
    const unsigned s = unsigned(size);
    append(plain, {at + size == rows.size(), s, s >> 8, ~s, ~s >> 8});
    append(plain, Bytes(rows).subspan(at, size));
  }
  append(plain, {0, 0, 0, 0, 0, 0, 0, 0});  // of the data and the chunk
  append(plain, {0, 0, 0, 0, 'I', 'E', 'N', 'D', 0xae, 0x42, 0x60, 0x82});
  return plain;
}

}  // namespace

Image decode_png(Bytes bytes, const std::string& name) {
  const Header header = parse_chunks(bytes, name);
  const FileBytes plain = without_compression(header, bytes, name);
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
  image = without_opacity(std::move(image), name);
  return header.grey_palette ? first_channel(image) : image;
}

}  // namespace dagan
