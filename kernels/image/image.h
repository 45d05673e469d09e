// From the camera's numbers to the network's.
//
//   image_normalise  y = 2 * (x - low) / (high - low) - 1     x (N,H,W,C) u8 or u16, y f32
//                    values outside [low, high] are not clipped: they leave [-1,1]
//   image_resize     separable triangle filter whose support grows with the reduction, so that it
//                    averages when it shrinks and interpolates when it enlarges (no aliasing):
//                    the weight of source pixel i for target pixel j, with s = source / target extent,
//                    is max(0, 1 - |i + 0.5 - (j + 0.5) s| / max(s, 1)), normalised to sum 1
//                    x (N,H,W,C) f32, y (N,P,Q,C) f32; equal extents copy exactly
//                    scratch: image_resize_scratch(x, y) bytes
//
// cost      resize: 2*N*C*(H*Q*a + P*Q*b) flop with a, b = filter taps, about 2 max(s, 1)
#pragma once
#include "core/view.h"

namespace dagan {

struct Levels {
  float low = 0, high = 255;
};

using ImageNormaliseFn = void(const Launch&, Levels, View x, View y);
using ImageResizeFn = void(const Launch&, View x, View y);
using ImageResizeScratchFn = std::int64_t(Shape x, Shape y);

namespace cpu {
ImageNormaliseFn image_normalise;
ImageResizeFn image_resize;
ImageResizeScratchFn image_resize_scratch;
}  // namespace cpu

}  // namespace dagan
