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
//
// With weights that change no more, as in detection, a batch norm is a factor and a bias for each
// channel of the output, and the filter need be laid out or transformed only once:
//
//   conv2d_pack    reads w, bias and norm    writes Launch::kept
//   conv2d_packed  reads x (dy), w, Launch::kept    writes y (dx) = z > 0 ? z : slope * z, where
//                  z = gamma * (the pass + bias - mean) / sqrt(variance + epsilon) + beta
//
// pass      forward or input_grad; bias, mean, ... (1,1,1,channels of the output) or empty
// kept      conv2d_packed_bytes(...).kept bytes, aligned to 64, as the backend likes them; on the
//           CPU f32 for every type
// once      nothing of the size of the filter is kept, and w is laid out when it is read: for a
//           program that runs once. The bits are the same
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

struct PackedConv2d {
  Conv2dPass pass;
  Conv2dGeometry geometry;
  Shape x, w, y;                    // of the convolution, whichever of them the pass writes
  DType dtype = DType::f32;         // of all three
  bool bias = false, norm = false;  // what there is
  float epsilon = 0;
  bool once = false;  // see above
};

// What is done to each channel of the output.
struct Conv2dAffine {
  View bias = {};
  View mean = {}, variance = {}, gamma = {}, beta = {};
};

struct PackedConv2dBytes {
  std::int64_t kept = 0, scratch = 0;
};

using Conv2dPackFn = void(const Launch&, const PackedConv2d&, View w, const Conv2dAffine&);
using Conv2dPackedFn = void(const Launch&, const PackedConv2d&, View x, View w, float slope,
                            View y);
using Conv2dPackedBytesFn = PackedConv2dBytes(const PackedConv2d&);

namespace DAGAN_BACKEND {
Conv2dFn conv2d;
Conv2dInputGradFn conv2d_input_grad;
Conv2dFilterGradFn conv2d_filter_grad;
Conv2dScratchFn conv2d_scratch;
Conv2dPackFn conv2d_pack;
Conv2dPackedFn conv2d_packed;
Conv2dPackedBytesFn conv2d_packed_bytes;
}  // namespace DAGAN_BACKEND

}  // namespace dagan
