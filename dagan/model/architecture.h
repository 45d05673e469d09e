// The shape of the two networks. What the paper leaves open is settled here, with the reason.
#pragma once
#include <algorithm>
#include <cstdint>
#include <vector>

#include "kernels/conv2d/conv2d.h"

namespace dagan {

struct Architecture {
  std::int64_t size = 64;     // pixels; the paper does not say. Divisible by 2^levels
  std::int64_t channels = 3;  // 1 or 3, as the camera gives them
  std::int64_t levels = 5;    // stride-2 convolutions: four skips and a bottleneck, as in Fig. 2
  std::int64_t width = 64;    // channels of the first level; 64 in Skip-GANomaly, the parent
  float slope = 0.2f;         // of LeakyReLU; as in the parent
  bool decoder_norm = true;   // the parent has it, Fig. 2 does not draw it; steadier with it

  // Channels behind level i: w, 2w, 4w, 8w, 8w, ...
  std::int64_t width_at(std::int64_t level) const {
    return width * std::min<std::int64_t>(std::int64_t(1) << std::min<std::int64_t>(level, 3), 8);
  }
};

// Every convolution halves or doubles the image: 4x4, stride 2, pad 1, as in the parent (pix2pix's
// U-Net).
constexpr std::int64_t kKernel = 4;
constexpr Conv2dGeometry kHalving = {.stride = 2, .pad = 1};

// Throws Fault::usage when no network of this shape can be built.
void check_architecture(const Architecture& architecture);

}  // namespace dagan
