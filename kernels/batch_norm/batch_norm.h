// Batch normalisation (Ioffe and Szegedy, "Batch normalization", ICML 2015). Per channel c, over
// the M = N*H*W pixels of a batch:
//
//   mean = sum(x) / M     var = sum((x - mean)^2) / M     rstd = 1 / sqrt(var + epsilon)
//   z    = gamma * (x - mean) * rstd + beta      y = z > 0 ? z : slope * z
//   running_mean <- (1 - momentum) * running_mean + momentum * mean
//   running_var  <- (1 - momentum) * running_var  + momentum * var * M / (M - 1)
//
//   batch_norm_statistics  reads x            writes mean, rstd; updates running_mean, running_var
//   batch_norm             reads x, mean, rstd, gamma, beta      writes y
//   batch_norm_evaluate    the same with the running statistics: no value depends on the batch
//   batch_norm_grad        with h = (x - mean) * rstd and dz = z > 0 ? dy : slope * dy:
//       dbeta = sum(dz)    dgamma = sum(dz * h)
//       dx = gamma * rstd * (dz - dbeta / M - h * dgamma / M)
//
// slope     of the LeakyReLU that follows the normalisation; 0: ReLU, 1: nothing follows. The
//           gradient computes the sign of z anew, as it was: neither z nor dz is ever stored.
// shapes    x, y, dx, dy (N,H,W,C); everything else (1,1,1,C); M >= 2 for statistics and gradients
// types     x, y, dx, dy all f32 or all bf16; everything else, and arithmetic, in f32
// cost      flop for each element of x: statistics 4, apply 2, gradient 10; an activation adds
//           1 to apply it and 4 to the gradient
// sums      f32 over fixed blocks of pixels, which are then added in order in f64: the same bits
//           for any number of threads
// aliasing  y may be x; dx may be dy
// scratch   batch_norm_scratch(x) bytes for statistics and gradient
#pragma once
#include "core/view.h"
#include "kernels/namespace.h"

namespace dagan {

struct BatchNormGeometry {
  float epsilon = 1e-5f, momentum = 0.1f;
};

using BatchNormStatisticsFn = void(const Launch&, BatchNormGeometry, View x, View mean, View rstd,
                                   View running_mean, View running_var);
using BatchNormFn = void(const Launch&, View x, View mean, View rstd, View gamma, View beta,
                         float slope, View y);
using BatchNormEvaluateFn = void(const Launch&, BatchNormGeometry, View x, View running_mean,
                                 View running_var, View gamma, View beta, float slope, View y);
using BatchNormGradFn = void(const Launch&, View dy, View x, View mean, View rstd, View gamma,
                             View beta, float slope, View dx, View dgamma, View dbeta,
                             Write dx_write, Write parameters_write);
using BatchNormScratchFn = std::int64_t(Shape x);

namespace DAGAN_BACKEND {
BatchNormStatisticsFn batch_norm_statistics;
BatchNormFn batch_norm;
BatchNormEvaluateFn batch_norm_evaluate;
BatchNormGradFn batch_norm_grad;
BatchNormScratchFn batch_norm_scratch;
}  // namespace DAGAN_BACKEND

}  // namespace dagan
