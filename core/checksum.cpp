#include "core/checksum.h"

#include <cstring>

namespace dagan {

// Per lane FNV-1a over words: each step is a bijection of the lane, so that one changed word always
// changes the result.
void Checksum::add_word(std::size_t lane, const std::byte* from) {
  std::uint64_t word;
  std::memcpy(&word, from, 8);
  lanes_[lane] = (lanes_[lane] ^ word) * kPrime;
  lanes_[lane] ^= lanes_[lane] >> 29;
}

void Checksum::add_part(std::span<const std::byte> bytes) {
  for (std::size_t i = 0; i < bytes.size(); i += kStep)
    for (std::size_t lane = 0; lane < 4; ++lane) add_word(lane, bytes.data() + i + 8 * lane);
}

void Checksum::add(std::span<const std::byte> bytes) {
  const std::size_t whole = bytes.size() / kStep * kStep;
  add_part(bytes.first(whole));
  bytes = bytes.subspan(whole);
  std::size_t lane = 0;
  for (; bytes.size() >= 8; bytes = bytes.subspan(8)) add_word(lane++, bytes.data());
  std::uint64_t word = 0;
  if (!bytes.empty()) std::memcpy(&word, bytes.data(), bytes.size());
  lanes_[lane] = (lanes_[lane] ^ word) * kPrime;
}

std::string Checksum::hex() const {
  std::uint64_t sum = 0;
  for (const std::uint64_t lane : lanes_) sum = (sum ^ lane) * 0x9E3779B97F4A7C15u;
  std::string digits;
  for (int shift = 60; shift >= 0; shift -= 4) digits += "0123456789abcdef"[(sum >> shift) & 15];
  return digits;
}

}  // namespace dagan
