// Counter-based random numbers, Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as
// 1, 2, 3", SC 2011). A word is a function of (seed, stream, index): the same bits on every device,
// for any number of threads, and after a resumed run, with no state to save.
#pragma once
#include <array>
#include <cmath>
#include <cstdint>

#include "core/host_device.h"

namespace dagan {

struct Philox {
  std::uint64_t seed = 0;

  // Four independent 32-bit words for one counter.
  DAGAN_HOST_DEVICE std::array<std::uint32_t, 4> words(std::uint64_t stream,
                                                       std::uint64_t index) const {
    std::array<std::uint32_t, 4> x = {std::uint32_t(index), std::uint32_t(index >> 32),
                                      std::uint32_t(stream), std::uint32_t(stream >> 32)};
    std::uint32_t key0 = std::uint32_t(seed), key1 = std::uint32_t(seed >> 32);
    for (int round = 0; round < 10; ++round) {
      const std::uint64_t a = std::uint64_t(0xD2511F53u) * x[0];
      const std::uint64_t b = std::uint64_t(0xCD9E8D57u) * x[2];
      x = {std::uint32_t(b >> 32) ^ x[1] ^ key0, std::uint32_t(b),
           std::uint32_t(a >> 32) ^ x[3] ^ key1, std::uint32_t(a)};
      key0 += 0x9E3779B9u;
      key1 += 0xBB67AE85u;
    }
    return x;
  }
};

// [0,1), 24 bits.
DAGAN_HOST_DEVICE inline float uniform(std::uint32_t word) { return float(word >> 8) * 0x1p-24f; }

// An integer in [0,count) by multiplication; its bias is at most count / 2^32.
DAGAN_HOST_DEVICE inline std::uint32_t below(std::uint32_t count, std::uint32_t word) {
  return std::uint32_t((std::uint64_t(word) * count) >> 32);
}

// One standard normal number from two words (Box and Muller); the + 1 keeps the logarithm finite.
// Its last bits are those of the machine's mathematics library.
DAGAN_HOST_DEVICE inline float normal(std::uint32_t a, std::uint32_t b) {
  const float radius = std::sqrt(-2.0f * std::log((float(a >> 8) + 1.0f) * 0x1p-24f));
  return radius * std::cos(6.28318530717958647692f * uniform(b));
}

}  // namespace dagan
