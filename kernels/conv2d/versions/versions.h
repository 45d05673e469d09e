// Every version of the convolution, from the simplest to the fastest, by name: see NOTES.md. Where
// a version has no gradients, it shows what one step of the way to the next one brings.
#pragma once
#include "kernels/conv2d/conv2d.h"

namespace dagan {

struct Conv2dVersion {
  const char* name;
  DType dtype;  // of the views that it takes
  bool exact;   // f32 products; else operands of f32 are rounded to tf32
  Conv2dFn* conv2d;
  Conv2dInputGradFn* input_grad;    // or null
  Conv2dFilterGradFn* filter_grad;  // or null
};

inline constexpr int kConv2dVersions = 6;

namespace DAGAN_BACKEND {

Conv2dFn conv2d_naive, conv2d_tiled, conv2d_register_tiles;
Conv2dFn conv2d_f32, conv2d_tf32, conv2d_bf16;
Conv2dInputGradFn conv2d_f32_input_grad, conv2d_tf32_input_grad, conv2d_bf16_input_grad;
Conv2dFilterGradFn conv2d_f32_filter_grad, conv2d_tf32_filter_grad, conv2d_bf16_filter_grad;

extern const Conv2dVersion conv2d_versions[kConv2dVersions];  // all take conv2d_scratch's memory

}  // namespace DAGAN_BACKEND
}  // namespace dagan
