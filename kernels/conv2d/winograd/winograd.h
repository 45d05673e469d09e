// The convolution and its gradients by F(m x m, 2x2) on the four phases, m = 2 or 4: NOTES.md. For
// filters of 4x4 with stride 2 and padding 1. m = 4 multiplies 2.56 times less often than the
// definition and adds a rounding error of some 1e-6 of the result's root mean square; m = 2 1.78
// times less often and some 3e-7.
#pragma once
#include "kernels/conv2d/conv2d.h"
#include "kernels/conv2d/filter.h"
#include "kernels/conv2d/finish.h"

namespace dagan::cpu::winograd {

bool suits(int m, Conv2dGeometry, Shape w, Shape y);

void conv2d(int m, const Launch&, View x, View w, View bias, View y, Write);
void conv2d_input_grad(int m, const Launch&, View dy, View w, View bias, View dx, Write);
void conv2d_filter_grad(int m, const Launch&, View x, View dy, View dw, Write);
std::int64_t conv2d_scratch(int m, Conv2dPass, Shape w, Shape y);  // bytes

// With a filter that may be transformed before.
std::int64_t packed_floats(int m, const PackedConv2d&);
std::int64_t packed_scratch(int m, const PackedConv2d&);  // bytes
void pack(int m, const PackedConv2d&, const ConvFilter&, float* packed);
void run_packed(int m, const Launch&, const PackedConv2d&, View x, const ConvFilter&, Finish,
                View y);

}  // namespace dagan::cpu::winograd
