// Whether good images have an orientation, told from the images themselves.
#pragma once
#include <cstdint>
#include <span>

namespace dagan {

struct Asymmetry {
  double horizontal = 0, vertical = 0;
};

// How far the mean image is from its mirror image, in units of the variance between images:
// mean((m - flipped m)^2) / (2 mean(v)), less 1/n, which is what chance leaves for images without
// an orientation. Near 0 for a texture; of order 1 for parts that always lie the same way. images
// (n,size,size,channels), n >= 2. Identical images: infinite, unless they are symmetric.
Asymmetry measure_asymmetry(std::span<const float> images, std::int64_t size,
                            std::int64_t channels);

// Below this, a mirrored good image looks like a good image, and training may use it as one. A
// texture whose only orientation is that of its pattern (a twill's diagonal) is not recognised as
// oriented.
inline constexpr double kHarmlessAsymmetry = 0.05;

}  // namespace dagan
