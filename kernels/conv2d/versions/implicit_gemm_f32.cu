// Exact f32: every product and sum is an fmaf.
#include "kernels/conv2d/gpu/fma_product.cuh"
#include "kernels/conv2d/versions/versions.h"

namespace dagan::DAGAN_BACKEND {

void conv2d_f32(const Launch& launch, Conv2dGeometry geometry, View x, View w, View bias, View y,
                Write write) {
  implicit_gemm::forward<implicit_gemm::Fma>(launch, geometry, x, w, bias, y, write);
}

void conv2d_f32_input_grad(const Launch& launch, Conv2dGeometry geometry, View dy, View w,
                           View bias, View dx, Write write) {
  implicit_gemm::input_grad<implicit_gemm::Fma>(launch, geometry, dy, w, bias, dx, write);
}

void conv2d_f32_filter_grad(const Launch& launch, Conv2dGeometry geometry, View x, View dy, View dw,
                            Write write) {
  implicit_gemm::filter_grad<implicit_gemm::Fma>(launch, geometry, x, dy, dw, write);
}

}  // namespace dagan::DAGAN_BACKEND
