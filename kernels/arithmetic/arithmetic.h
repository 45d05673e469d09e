// Sums of tensors.
//
//   linear        y = alpha * a + beta * b + constant
//                 a, b, y of one shape (N,H,W,C); b may be empty
//                 aliasing: y may be a or b     cost: 4 flop an element
//   channel_sum   y[c] = sum_{n,h,w} x[n,h,w,c]: the gradient of a bias
//                 x (N,H,W,C), y (1,1,1,C)
//                 sums: as in batch_norm     cost: 1 flop an element
//                 scratch: channel_sum_scratch(x) bytes
//
// Both take Write: accumulate adds the result to y. Each operand is f32 or bf16 by itself, except
// the y of channel_sum, which is f32; arithmetic in f32.
#pragma once
#include "core/view.h"
#include "kernels/namespace.h"

namespace dagan {

struct LinearGeometry {
  float alpha = 1, beta = 0, constant = 0;
};

using LinearFn = void(const Launch&, LinearGeometry, View a, View b, View y, Write);
using ChannelSumFn = void(const Launch&, View x, View y, Write);
using ChannelSumScratchFn = std::int64_t(Shape x);

namespace DAGAN_BACKEND {
LinearFn linear;
ChannelSumFn channel_sum;
ChannelSumScratchFn channel_sum_scratch;
}  // namespace DAGAN_BACKEND

}  // namespace dagan
