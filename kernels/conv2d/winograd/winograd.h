// The convolution and its gradients by F(m x m, 2x2) on the four phases, m = 2 or 4: NOTES.md. For
// filters of 4x4 with stride 2 and padding 1. m = 4 multiplies 2.56 times less often than the
// definition and adds a rounding error of some 1e-6 of the result's root mean square; m = 2 1.78
// times less often and some 3e-7.
#pragma once
#include "kernels/conv2d/conv2d.h"

namespace dagan::cpu::winograd {

bool suits(int m, Conv2dGeometry, Shape w, Shape y);

void conv2d(int m, const Launch&, View x, View w, View bias, View y, Write);
void conv2d_input_grad(int m, const Launch&, View dy, View w, View bias, View dx, Write);
void conv2d_filter_grad(int m, const Launch&, View x, View dy, View dw, Write);
std::int64_t conv2d_scratch(int m, Conv2dPass, Shape w, Shape y);  // bytes

}  // namespace dagan::cpu::winograd
