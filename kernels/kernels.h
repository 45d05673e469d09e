// The table of kernels: the whole surface of a backend on one page. To try a kernel of your own,
// copy a table, replace one entry, and the same model trains on it. (Evaluation runs conv2d_packed
// and, where that is null, conv2d and what follows it.) What each one computes stands
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
  Conv2dFn* conv2d = nullptr;
  Conv2dInputGradFn* conv2d_input_grad = nullptr;
  Conv2dFilterGradFn* conv2d_filter_grad = nullptr;
  Conv2dScratchFn* conv2d_scratch = nullptr;
  Conv2dPackFn* conv2d_pack = nullptr;  // these three on the CPU alone
  Conv2dPackedFn* conv2d_packed = nullptr;
  Conv2dPackedBytesFn* conv2d_packed_bytes = nullptr;

  BatchNormStatisticsFn* batch_norm_statistics = nullptr;
  BatchNormFn* batch_norm = nullptr;
  BatchNormEvaluateFn* batch_norm_evaluate = nullptr;
  BatchNormGradFn* batch_norm_grad = nullptr;
  BatchNormScratchFn* batch_norm_scratch = nullptr;

  LeakyReluFn* leaky_relu = nullptr;
  LeakyReluGradFn* leaky_relu_grad = nullptr;
  TanhFn* tanh = nullptr;
  TanhGradFn* tanh_grad = nullptr;

  LinearFn* linear = nullptr;
  ChannelSumFn* channel_sum = nullptr;
  ChannelSumScratchFn* channel_sum_scratch = nullptr;

  ErrorFn* squared_error = nullptr;
  ErrorGradFn* squared_error_grad = nullptr;
  ErrorFn* absolute_error = nullptr;
  ErrorGradFn* absolute_error_grad = nullptr;
  ErrorScratchFn* error_scratch = nullptr;

  AllFiniteFn* all_finite = nullptr;
  AdamFn* adam = nullptr;

  ImageNormaliseResizeFn* image_normalise_resize = nullptr;
  ImageNormaliseResizeScratchFn* image_normalise_resize_scratch = nullptr;

  AugmentFn* augment = nullptr;
  CorruptFn* corrupt = nullptr;

  PooledResidualFn* pooled_residual = nullptr;
  PooledResidualScratchFn* pooled_residual_scratch = nullptr;
  StandardiseFn* standardise = nullptr;
  TopMeanFn* top_mean = nullptr;
  TopMeanScratchFn* top_mean_scratch = nullptr;
};

namespace DAGAN_BACKEND {
extern const Kernels kernels;  // kernels/table.cpp
}

}  // namespace dagan
