// Convolution as a product of matrices of which one, the patches, is never built: see NOTES.md. For
// every kernel size, stride, padding and channel count.
#pragma once
#include "kernels/conv2d/conv2d.h"

namespace dagan::cpu::implicit_gemm {

Conv2dFn conv2d;
Conv2dInputGradFn conv2d_input_grad;
Conv2dFilterGradFn conv2d_filter_grad;
Conv2dScratchFn conv2d_scratch;

}  // namespace dagan::cpu::implicit_gemm
