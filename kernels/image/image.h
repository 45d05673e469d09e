// From the camera's numbers to the network's, in one pass over the picture.
//
//   image_normalise_resize  z = x resized, y = 2 * (z - low) / (high - low) - 1
//
// Resized: a separable triangle filter whose support grows with the reduction, so that it averages
// when it shrinks and interpolates when it enlarges (no aliasing); Pillow's BILINEAR does the same
// to float images. With s = source / target extent, the weight of source pixel i for target pixel j
// is max(0, 1 - |i + 0.5 - (j + 0.5) s| / max(s, 1)), normalised to sum 1. Equal extents copy
// exactly. Values outside [low, high] are not clipped: they leave [-1,1]. low and high become
// exactly -1 and 1. kAsIs as levels only resizes.
//
// shapes    x (N,H,W,C) u8, u16 or f32, y (N,P,Q,C) f32, contiguous
// scratch   image_normalise_resize_scratch(x, y) bytes
// aliasing  none
// cost      2*N*C*W*P*a + 2*N*C*P*Q*b flop with a, b = filter taps, about 2 max(s, 1);
//           x is read twice
// sums      f32, first down the columns, then along the row, from the first tap to the last
#pragma once
#include "core/view.h"
#include "kernels/namespace.h"

namespace dagan {

struct Levels {
  float low = 0, high = 255;
};
inline constexpr Levels kAsIs = {-1, 1};

using ImageNormaliseResizeFn = void(const Launch&, Levels, View x, View y);
using ImageNormaliseResizeScratchFn = std::int64_t(Shape x, Shape y);

namespace DAGAN_BACKEND {
ImageNormaliseResizeFn image_normalise_resize;
ImageNormaliseResizeScratchFn image_normalise_resize_scratch;
}  // namespace DAGAN_BACKEND

}  // namespace dagan
