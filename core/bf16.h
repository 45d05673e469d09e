// bfloat16, the upper half of an f32: a format to store numbers in. Arithmetic is done in f32.
#pragma once
#include <bit>
#include <cstdint>

#include "core/host_device.h"

namespace dagan {

struct bf16 {
  std::uint16_t bits;

  bf16() = default;
  // To nearest, ties to even; what is not a number stays so.
  DAGAN_HOST_DEVICE constexpr explicit bf16(float x) {
    const auto u = std::bit_cast<std::uint32_t>(x);
    bits = (u & 0x7fffffffu) > 0x7f800000u ? std::uint16_t(u >> 16 | 0x40)
                                           : std::uint16_t((u + 0x7fffu + (u >> 16 & 1)) >> 16);
  }
  DAGAN_HOST_DEVICE constexpr explicit operator float() const {
    return std::bit_cast<float>(std::uint32_t(bits) << 16);
  }
};

}  // namespace dagan
