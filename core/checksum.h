// The checksum of model files and checkpoints.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace dagan {

// Detects every change of a single byte, and any other but for a chance of 2^-64.
class Checksum {
 public:
  // A tensor's bytes, padded with zeros to a whole word.
  void add(std::span<const std::byte> bytes);
  // Some of them; more follow. A multiple of kStep.
  void add_part(std::span<const std::byte> bytes);
  static constexpr std::size_t kStep = 32;
  std::string hex() const;

 private:
  static constexpr std::uint64_t kPrime = 0x100000001b3u;
  void add_word(std::size_t lane, const std::byte* from);

  std::uint64_t lanes_[4] = {1, 2, 3, 4};
};

}  // namespace dagan
