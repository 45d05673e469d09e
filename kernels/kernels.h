// The table of kernels: the whole surface of a backend on one page. To try a kernel of your own,
// copy a table, replace one entry, and the same model trains on it. What each one computes stands
// in the header of its folder; a kernel's scratch function tells the plan how many bytes it needs.
#pragma once
#include "kernels/activation/activation.h"
#include "kernels/adam/adam.h"
#include "kernels/arithmetic/arithmetic.h"
#include "kernels/batch_norm/batch_norm.h"
#include "kernels/conv2d/conv2d.h"
#include "kernels/corrupt/corrupt.h"
#include "kernels/image/image.h"
#include "kernels/loss/loss.h"
#include "kernels/namespace.h"
#include "kernels/residual/residual.h"

namespace dagan {

struct Kernels {
  Conv2dFn* conv2d;
  Conv2dInputGradFn* conv2d_input_grad;
  Conv2dFilterGradFn* conv2d_filter_grad;
  Conv2dScratchFn* conv2d_scratch;

  BatchNormStatisticsFn* batch_norm_statistics;
  BatchNormFn* batch_norm;
  BatchNormEvaluateFn* batch_norm_evaluate;
  BatchNormGradFn* batch_norm_grad;
  BatchNormScratchFn* batch_norm_scratch;

  LeakyReluFn* leaky_relu;
  LeakyReluGradFn* leaky_relu_grad;
  TanhFn* tanh;
  TanhGradFn* tanh_grad;

  LinearFn* linear;
  ChannelSumFn* channel_sum;
  ChannelSumScratchFn* channel_sum_scratch;

  ErrorFn* squared_error;
  ErrorGradFn* squared_error_grad;
  ErrorFn* absolute_error;
  ErrorGradFn* absolute_error_grad;
  ErrorScratchFn* error_scratch;

  AllFiniteFn* all_finite;
  AdamFn* adam;

  ImageNormaliseResizeFn* image_normalise_resize;
  ImageNormaliseResizeScratchFn* image_normalise_resize_scratch;

  AugmentFn* augment;
  CorruptFn* corrupt;

  PooledResidualFn* pooled_residual;
  PooledResidualScratchFn* pooled_residual_scratch;
  StandardiseFn* standardise;
  TopMeanFn* top_mean;
  TopMeanScratchFn* top_mean_scratch;
};

namespace DAGAN_BACKEND {
extern const Kernels kernels;  // kernels/table.cpp
}

}  // namespace dagan
