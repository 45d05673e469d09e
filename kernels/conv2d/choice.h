// Which version of the convolution the CPU runs, by pass and shape: NOTES.md says why.
#pragma once
#include <algorithm>

#include "kernels/conv2d/versions/cpu.h"

namespace dagan::cpu {

inline Conv2dVersion choose_conv2d(Conv2dPass, Shape w, Shape y) {
  using enum Conv2dVersion;
  const std::int64_t side = std::min(y.h, y.w);
  if (w.c < 16 || side < 2) return implicit_gemm;
  return side >= 4 ? winograd_4x4 : winograd_2x2;
}

}  // namespace dagan::cpu
