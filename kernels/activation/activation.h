// Element-wise activations. Both gradients are written in terms of the output y, so that x need not
// be kept; leaky_relu needs slope >= 0 for that (the sign of y is the sign of x).
//
//   leaky_relu  y = x > 0 ? x : slope * x     dx = y > 0 ? dy : slope * dy     (relu: slope 0)
//   tanh        y = tanh(x)                   dx = (1 - y^2) * dy
//
// shapes    all the same (N,H,W,C)
// types     each operand f32 or bf16 by itself; arithmetic in f32
// cost      leaky_relu 1 flop an element, tanh about 20; 2 elements moved forward, 3 backward
// accuracy  tanh within 4 units in the last place
// aliasing  y may be x; dx may be dy
#pragma once
#include "core/view.h"
#include "kernels/namespace.h"

namespace dagan {

using LeakyReluFn = void(const Launch&, float slope, View x, View y);
using LeakyReluGradFn = void(const Launch&, float slope, View y, View dy, View dx, Write);
using TanhFn = void(const Launch&, View x, View y);
using TanhGradFn = void(const Launch&, View y, View dy, View dx, Write);

namespace DAGAN_BACKEND {
LeakyReluFn leaky_relu;
LeakyReluGradFn leaky_relu_grad;
TanhFn tanh;
TanhGradFn tanh_grad;
}  // namespace DAGAN_BACKEND

}  // namespace dagan
