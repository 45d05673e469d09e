// Convolution as a product of matrices of which one, the patches, is never built: see NOTES.md. For
// every kernel size, stride, padding and channel count.
#pragma once
#include "kernels/conv2d/conv2d.h"
#include "kernels/conv2d/filter.h"
#include "kernels/conv2d/finish.h"

namespace dagan::cpu::implicit_gemm {

Conv2dFn conv2d;
Conv2dInputGradFn conv2d_input_grad;
Conv2dFilterGradFn conv2d_filter_grad;
Conv2dScratchFn conv2d_scratch;

// With a filter that may be packed before.
std::int64_t packed_floats(const PackedConv2d&);
std::int64_t packed_scratch(const PackedConv2d&);  // bytes
void pack(const PackedConv2d&, const ConvFilter&, float* packed);
void run_packed(const Launch&, const PackedConv2d&, View x, const ConvFilter&, Finish, View y);

}  // namespace dagan::cpu::implicit_gemm
