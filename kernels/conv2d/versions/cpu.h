// The fast versions of the convolution on the CPU, chosen by name. Where Winograd's algorithm does
// not apply, implicit_gemm stands in for it.
#pragma once
#include "kernels/conv2d/conv2d.h"

namespace dagan::cpu {

enum class Conv2dVersion { implicit_gemm, winograd_2x2, winograd_4x4 };

void run_conv2d(Conv2dVersion, const Launch&, Conv2dGeometry, View x, View w, View bias, View y,
                Write);
void run_conv2d_input_grad(Conv2dVersion, const Launch&, Conv2dGeometry, View dy, View w, View bias,
                           View dx, Write);
void run_conv2d_filter_grad(Conv2dVersion, const Launch&, Conv2dGeometry, View x, View dy, View dw,
                            Write);
std::int64_t scratch_of_conv2d(Conv2dVersion, Conv2dPass, Conv2dGeometry, Shape x, Shape w,
                               Shape y);

void pack_conv2d(Conv2dVersion, const Launch&, const PackedConv2d&, View w, const Conv2dAffine&);
void run_packed_conv2d(Conv2dVersion, const Launch&, const PackedConv2d&, View x, View w,
                       float slope, View y);
PackedConv2dBytes packed_bytes_of_conv2d(Conv2dVersion, const PackedConv2d&);

// The m of F(m x m, 2x2); 0: Winograd's algorithm is not wanted, or does not apply.
int winograd_tile(Conv2dVersion, Conv2dGeometry, Shape w, Shape y);

}  // namespace dagan::cpu
