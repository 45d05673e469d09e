// From an image and its reconstruction to a map of suspicion and one score an image.
//
//   pooled_residual  r[n,h,w] = mean_c (x - y)^2, then the mean over the (2*radius+1)^2 window
//                    around each pixel; outside the image counts as 0 and the divisor stays the
//                    full window     x, y (N,H,W,C), map (N,H,W,1)
//                    scratch: pooled_residual_scratch(x) bytes
//                    cost: N*H*W*(3*C + 4*radius + 3) flop
//                    sums in f32: channels, then rows, then columns
//   standardise      out = (map - mean) / spread     map, out (N,H,W,1); mean, spread (1,H,W,1)
//                    aliasing: out may be map     cost: 2*N*H*W flop
//                    a spread of 0 gives an infinity or a NaN: the caller keeps it away
//   top_mean         scores[n] = mean of the top_count(fraction, map) largest values of map n
//                    fraction 1 is the plain mean     map (N,H,W,1), scores (N,1,1,1)
//                    sums in f64, in an order that the backend fixes: within an f32 rounding of
//                    the exact mean; a NaN is the largest, so the score becomes NaN
//                    scratch: top_mean_scratch(map) bytes     cost: about 5*N*H*W comparisons
#pragma once
#include <algorithm>

#include "core/view.h"
#include "kernels/namespace.h"

namespace dagan {

// How many values of a map make its score: max(1, floor(fraction * H * W)), the product in f32, so
// that a hundredth of 100 x 100 is 100.
inline std::int64_t top_count(float fraction, Shape map) {
  const std::int64_t pixels = map.h * map.w;
  return std::clamp<std::int64_t>(std::int64_t(fraction * float(pixels)), 1, pixels);
}

using PooledResidualFn = void(const Launch&, int radius, View x, View y, View map);
using PooledResidualScratchFn = std::int64_t(Shape x);
using StandardiseFn = void(const Launch&, View map, View mean, View spread, View out);
using TopMeanFn = void(const Launch&, float fraction, View map, View scores);
using TopMeanScratchFn = std::int64_t(Shape map);

namespace DAGAN_BACKEND {
PooledResidualFn pooled_residual;
PooledResidualScratchFn pooled_residual_scratch;
StandardiseFn standardise;
TopMeanFn top_mean;
TopMeanScratchFn top_mean_scratch;
}  // namespace DAGAN_BACKEND

}  // namespace dagan
