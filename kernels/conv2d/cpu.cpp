// Where a version of the convolution is chosen, by pass and shape.
#include "kernels/conv2d/implicit_gemm/implicit_gemm.h"

namespace dagan::cpu {

void conv2d(const Launch& launch, Conv2dGeometry geometry, View x, View w, View bias, View y,
            Write write) {
  implicit_gemm::conv2d(launch, geometry, x, w, bias, y, write);
}

void conv2d_input_grad(const Launch& launch, Conv2dGeometry geometry, View dy, View w, View bias,
                       View dx, Write write) {
  implicit_gemm::conv2d_input_grad(launch, geometry, dy, w, bias, dx, write);
}

void conv2d_filter_grad(const Launch& launch, Conv2dGeometry geometry, View x, View dy, View dw,
                        Write write) {
  implicit_gemm::conv2d_filter_grad(launch, geometry, x, dy, dw, write);
}

std::int64_t conv2d_scratch(Conv2dPass pass, Conv2dGeometry geometry, Shape x, Shape w, Shape y) {
  return implicit_gemm::conv2d_scratch(pass, geometry, x, w, y);
}

}  // namespace dagan::cpu
