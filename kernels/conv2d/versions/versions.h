// The versions of the convolution on a GPU: see NOTES.md. Where one has no gradients, it shows what
// one step of the way to the next one brings. All take conv2d_scratch's memory.
#pragma once
#include "kernels/conv2d/conv2d.h"

namespace dagan::DAGAN_BACKEND {

Conv2dFn conv2d_naive, conv2d_tiled, conv2d_register_tiles;
Conv2dFn conv2d_f32, conv2d_tf32, conv2d_bf16;
Conv2dInputGradFn conv2d_f32_input_grad, conv2d_tf32_input_grad, conv2d_bf16_input_grad;
Conv2dFilterGradFn conv2d_f32_filter_grad, conv2d_tf32_filter_grad, conv2d_bf16_filter_grad;

}  // namespace dagan::DAGAN_BACKEND
