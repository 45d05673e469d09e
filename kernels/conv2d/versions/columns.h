// A convolution as a product of two plain matrices: the windows of x are written out as the rows of
// a matrix, so that any library for matrices will do (Chellapilla et al., "High performance
// convolutional neural networks for document processing", 2006). Costs R*S times the memory of x.
//
//   forward           columns = windows of x   y = columns w', then the bias
//   input gradient    columns = dy w           dx = what each pixel receives of them, and the bias
//   filter gradient   columns = windows of x   dw = dy' columns
//
// columns   (N*P*Q,1,1,R*S*C), contiguous
// types     x and columns both f32 or both bf16 for `conv2d_columns`; f32 for `conv2d_gather`
#pragma once
#include "kernels/conv2d/conv2d.h"

namespace dagan {

using Conv2dColumnsFn = void(const Launch&, Conv2dGeometry, View x, Shape w, Shape y, View columns);
using Conv2dGatherFn = void(const Launch&, Conv2dGeometry, View columns, Shape w, Shape y,
                            View bias, View dx, Write);
using Conv2dAddBiasFn = void(const Launch&, View bias, View y);

namespace DAGAN_BACKEND {
Conv2dColumnsFn conv2d_columns;
Conv2dGatherFn conv2d_gather;
Conv2dAddBiasFn conv2d_add_bias;
}  // namespace DAGAN_BACKEND

}  // namespace dagan
