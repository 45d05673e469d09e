// Two-dimensional convolution and its two gradients. The transposed convolution of x by w is the
// input gradient of the convolution by w, so three kernels give all six passes.
//
//   y[n,p,q,k] = bias[k] + sum_{r,s,c} x[n, p*stride-pad+r, q*stride-pad+s, c] * w[k,r,s,c]
//   x (N,H,W,C)   w (K,R,S,C)   bias (1,1,1,K) or empty   y (N,P,Q,K)
//   P = (H + 2 pad - R) / stride + 1
//
//   conv2d              reads x, w, bias    writes y
//   conv2d_input_grad   reads dy, w, bias   writes dx; the bias (1,1,1,C), or empty, belongs to the
//                                           transposed convolution: a gradient passes an empty one
//   conv2d_filter_grad  reads x, dy         writes dw
//
// cost      2*N*P*Q*K*R*S*C flop each; at best |x| + |w| + |y| elements moved
// sums      in f32; their order is fixed by the shape, whatever the number of threads
// types     x, y, dx, dy and the w that is read all f32 or all bf16; bias and dw f32
// layout    x, y, dx, dy may be channel slices (pitch); w, dw, bias are contiguous
// aliasing  none
// shapes    checked when the op is recorded; positions outside x count as zero
// scratch   conv2d_scratch(pass, ...) bytes at Launch::scratch, aligned to 64; contents undefined
#pragma once
#include "core/view.h"
#include "kernels/namespace.h"

namespace dagan {

struct Conv2dGeometry {
  int stride = 1, pad = 0;  // pixels, the same in both directions
};

enum class Conv2dPass { forward, input_grad, filter_grad };

using Conv2dFn = void(const Launch&, Conv2dGeometry, View x, View w, View bias, View y, Write);
using Conv2dInputGradFn = void(const Launch&, Conv2dGeometry, View dy, View w, View bias, View dx,
                               Write);
using Conv2dFilterGradFn = void(const Launch&, Conv2dGeometry, View x, View dy, View dw, Write);
using Conv2dScratchFn = std::int64_t(Conv2dPass, Conv2dGeometry, Shape x, Shape w, Shape y);

namespace DAGAN_BACKEND {
Conv2dFn conv2d;
Conv2dInputGradFn conv2d_input_grad;
Conv2dFilterGradFn conv2d_filter_grad;
Conv2dScratchFn conv2d_scratch;
}  // namespace DAGAN_BACKEND

}  // namespace dagan
