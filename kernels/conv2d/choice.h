// Which version of the convolution the CPU runs, by pass and shape: NOTES.md says why.
#pragma once
#include <algorithm>

#include "kernels/conv2d/choice_table.h"
#include "kernels/conv2d/versions/cpu.h"

namespace dagan::cpu {

// How many times fewer products F(m x m, 2x2) makes than the definition: partial tiles count whole.
inline double winograd_gain(std::int64_t m, Shape y) {
  const std::int64_t tiles = ((y.h + m - 1) / m) * ((y.w + m - 1) / m);
  return 16 * double(y.h * y.w) / (4 * double(tiles * (m + 1) * (m + 1)));
}

// Winograd's algorithm asks for pixels that share the cost of its filter transform, for vectors of
// channels, and for tiles that are nearly full. Below 4x4 outputs, implicit_gemm skips the padding.
inline Conv2dVersion choose_conv2d(const WinogradPixels& pixels, Shape w, Shape y) {
  using enum Conv2dVersion;
  constexpr std::int64_t kChannels = 16, kSide = 4;
  constexpr double kGain = 1.4, kGainOver2x2 = 1.2;  // what the transforms cost
  const double gain_2x2 = winograd_gain(2, y), gain_4x4 = winograd_gain(4, y);
  if (std::min(w.c, w.n) < kChannels || std::min(y.h, y.w) < kSide) return implicit_gemm;
  if (y.pixels() >= pixels.from_4x4 && gain_4x4 >= kGain && gain_4x4 >= kGainOver2x2 * gain_2x2)
    return winograd_4x4;
  if (y.pixels() >= pixels.from_2x2 && gain_2x2 >= kGain) return winograd_2x2;
  return implicit_gemm;
}

inline Conv2dVersion choose_conv2d(Conv2dPass pass, Shape w, Shape y) {
  return choose_conv2d(kWinogradPixels[std::size_t(pass)], w, y);
}

// Of a filter that is transformed once; its transform is larger than the filter and has to be read.
inline Conv2dVersion choose_packed_conv2d(const PackedConv2d& p) {
  return choose_conv2d(kPackedWinogradPixels[std::size_t(p.pass)], p.w, p.y);
}

}  // namespace dagan::cpu
