// SHA-256 (FIPS 180-4): the name of a picture's pixels and of a model's weights.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace dagan {

using Digest = std::array<std::uint8_t, 32>;

// Takes the message in pieces of any size; about 0.2 GB/s.
class Sha256 {
 public:
  void add(std::span<const std::byte> bytes);
  void add_number(std::uint64_t value);  // eight bytes, least significant first, on every machine
  Digest finish();                       // once, at the end

 private:
  void block(const std::uint8_t* bytes);

  std::array<std::uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                         0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<std::uint8_t, 64> pending_{};
  std::uint64_t length_ = 0;  // bytes
};

Digest sha256(std::span<const std::byte> bytes);
std::string to_hex(const Digest& digest);  // 64 lower-case characters

}  // namespace dagan
