// PNG by stb_image. The chunks are walked and their checksums tested first: stb_image trusts
// lengths, skips checksums, and would take the memory that a damaged file asks for.
#include <array>
#include <cstdlib>
#include <cstring>
#include <memory>

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

std::uint32_t crc32(Bytes bytes) {
  static const auto table = [] {
    std::array<std::uint32_t, 256> made{};
    for (std::uint32_t i = 0; i < 256; ++i) {
      std::uint32_t value = i;
      for (int bit = 0; bit < 8; ++bit) value = value & 1 ? value >> 1 ^ 0xedb88320u : value >> 1;
      made[i] = value;
    }
    return made;
  }();
  std::uint32_t crc = ~0u;
  for (const std::byte byte : bytes) crc = table[(crc ^ std::uint32_t(byte)) & 255] ^ crc >> 8;
  return ~crc;
}

struct Header {
  std::uint32_t width = 0, height = 0;
  int depth = 0;     // bits a channel
  int channels = 0;  // as stored: 1 for a palette's index
  bool palette = false, grey_palette = false;
  std::uint64_t compressed = 0;  // bytes of pixel data
};

Header parse_first_chunk(Bytes data, const std::string& name) {
  Header header{big_endian(data, 0), big_endian(data, 4), int(data[8])};
  check_extent(header.width, header.height, name);
  constexpr int kChannels[7] = {1, 0, 3, 1, 2, 0, 4};
  const int color = int(data[9]);
  header.channels = color < 7 ? kChannels[color] : 0;
  header.palette = color == 3;
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
    if (type == "IDAT") header.compressed += length;
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

}  // namespace

Image decode_png(Bytes bytes, const std::string& name) {
  const Header header = parse_chunks(bytes, name);
  const std::uint64_t bits =
      std::uint64_t(header.width) * header.height * std::uint64_t(header.channels * header.depth);
  constexpr std::uint64_t kBestRatio = 1032;  // no deflate stream inflates more
  if (header.compressed * kBestRatio < bits / 8) {
    damaged(name, "the PNG has too little data for ", header.width, " x ", header.height,
            " pixels");
  }
  png::budget = needed_memory(header, bytes.size());
  const auto* data = reinterpret_cast<const stbi_uc*>(bytes.data());
  const int size = int(bytes.size()), wide = header.depth == 16;
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
