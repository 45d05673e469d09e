// From an image and its reconstruction to a map of suspicion and one score an image.
//
//   pooled_residual  r[n,h,w] = mean_c (x - y)^2, then the mean over the (2*radius+1)^2 window around
//                    each pixel; outside the image counts as 0 and the divisor stays the full window
//                    x, y (N,H,W,C), map (N,H,W,1)     scratch: pooled_residual_scratch(x) bytes
//   standardise      out = (map - mean) / spread     map, out (N,H,W,1); mean, spread (1,H,W,1)
//                    aliasing: out may be map
//   top_mean         scores[n] = mean of the k = max(1, floor(fraction * H * W)) largest values of map n
//                    fraction 1 is the plain mean     map (N,H,W,1), scores (N,1,1,1)
//                    sums in f64, largest first    scratch: top_mean_scratch(map) bytes
#pragma once
#include "core/view.h"

namespace dagan {

using PooledResidualFn = void(const Launch&, int radius, View x, View y, View map);
using PooledResidualScratchFn = std::int64_t(Shape x);
using StandardiseFn = void(const Launch&, View map, View mean, View spread, View out);
using TopMeanFn = void(const Launch&, float fraction, View map, View scores);
using TopMeanScratchFn = std::int64_t(Shape map);

namespace cpu {
PooledResidualFn pooled_residual;
PooledResidualScratchFn pooled_residual_scratch;
StandardiseFn standardise;
TopMeanFn top_mean;
TopMeanScratchFn top_mean_scratch;
}  // namespace cpu

}  // namespace dagan
