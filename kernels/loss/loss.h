// Mean errors between two tensors of one shape (N,H,W,C), with T elements; the loss is (1,1,1,1).
//
//   squared_error    loss = sum((a - b)^2) / T     da = 2 (a - b) / T * dloss
//   absolute_error   loss = sum(|a - b|) / T       da = sign(a - b) / T * dloss     (sign(0) = 0)
//
// The gradient for b is the gradient kernel with a and b exchanged: both losses are symmetric.
// types     all f32
// cost      3 flop an element
// sums      f32 over fixed blocks, which are then added in order in f64: the same bits for any
//           number of threads
// scratch   error_scratch(a) bytes for the forward kernels
#pragma once
#include "core/view.h"
#include "kernels/namespace.h"

namespace dagan {

using ErrorFn = void(const Launch&, View a, View b, View loss);
using ErrorGradFn = void(const Launch&, View a, View b, View dloss, View da, Write);
using ErrorScratchFn = std::int64_t(Shape a);

namespace DAGAN_BACKEND {
ErrorFn squared_error;
ErrorGradFn squared_error_grad;
ErrorFn absolute_error;
ErrorGradFn absolute_error_grad;
ErrorScratchFn error_scratch;
}  // namespace DAGAN_BACKEND

}  // namespace dagan
