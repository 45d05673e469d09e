// Mean errors between two tensors of one shape (N,H,W,C), with T elements; the loss is (1,1,1,1).
//
//   squared_error    loss = sum((a - b)^2) / T     da = 2 (a - b) / T * dloss
//   absolute_error   loss = sum(|a - b|) / T       da = sign(a - b) / T * dloss     (sign(0) = 0)
//
// The loss and its gradients in one pass, where dloss is known beforehand: da and db are set, or
// left out if they are empty views. db is da with a and b exchanged, here and in the kernels that
// only make a gradient: both losses are symmetric. What is not a number stays so in the gradients.
//
// types     all f32
// cost      3 flop an element, and 1 for each gradient beside the loss; a gradient alone 3
// sums      f32 over fixed blocks, which are then added in order in f64: the same bits for any
//           number of threads
// scratch   error_scratch(a) bytes for the forward kernels
#pragma once
#include "core/view.h"
#include "kernels/namespace.h"

namespace dagan {

using ErrorFn = void(const Launch&, View a, View b, float dloss, View loss, View da, View db);
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
