// Which version of the convolution the CPU runs, by pass and shape: NOTES.md says why.
#pragma once
#include <algorithm>

#include "kernels/conv2d/versions/cpu.h"

namespace dagan::cpu {

// Winograd's algorithm asks for pixels that share the cost of its filter transform, and for whole
// tiles.
inline Conv2dVersion choose_conv2d(Shape w, Shape y) {
  constexpr std::int64_t kFewChannels = 16, kSide = 4, kPixels2x2 = 64, kPixels4x4 = 256;
  if (std::min(w.c, w.n) < kFewChannels || std::min(y.h, y.w) < kSide || y.pixels() < kPixels2x2)
    return Conv2dVersion::implicit_gemm;
  return y.pixels() < kPixels4x4 ? Conv2dVersion::winograd_2x2 : Conv2dVersion::winograd_4x4;
}

}  // namespace dagan::cpu
