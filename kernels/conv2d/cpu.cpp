// The convolution of the table: each call by the version that suits its pass and shape.
#include "kernels/conv2d/versions/cpu.h"

#include "kernels/conv2d/choice.h"

namespace dagan::cpu {

void conv2d(const Launch& launch, Conv2dGeometry geometry, View x, View w, View bias, View y,
            Write write) {
  const Conv2dVersion version = choose_conv2d(Conv2dPass::forward, w.shape, y.shape);
  run_conv2d(version, launch, geometry, x, w, bias, y, write);
}

void conv2d_input_grad(const Launch& launch, Conv2dGeometry geometry, View dy, View w, View bias,
                       View dx, Write write) {
  const Conv2dVersion version = choose_conv2d(Conv2dPass::input_grad, w.shape, dy.shape);
  run_conv2d_input_grad(version, launch, geometry, dy, w, bias, dx, write);
}

void conv2d_filter_grad(const Launch& launch, Conv2dGeometry geometry, View x, View dy, View dw,
                        Write write) {
  const Conv2dVersion version = choose_conv2d(Conv2dPass::filter_grad, dw.shape, dy.shape);
  run_conv2d_filter_grad(version, launch, geometry, x, dy, dw, write);
}

std::int64_t conv2d_scratch(Conv2dPass pass, Conv2dGeometry geometry, Shape x, Shape w, Shape y) {
  return scratch_of_conv2d(choose_conv2d(pass, w, y), pass, geometry, x, w, y);
}

void conv2d_pack(const Launch& launch, const PackedConv2d& p, View w, const Conv2dAffine& affine) {
  pack_conv2d(choose_packed_conv2d(p), launch, p, w, affine);
}

void conv2d_packed(const Launch& launch, const PackedConv2d& p, View x, View w, float slope,
                   View y) {
  run_packed_conv2d(choose_packed_conv2d(p), launch, p, x, w, slope, y);
}

PackedConv2dBytes conv2d_packed_bytes(const PackedConv2d& p) {
  return packed_bytes_of_conv2d(choose_packed_conv2d(p), p);
}

}  // namespace dagan::cpu
