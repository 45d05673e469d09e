// Where a version of the convolution is chosen, by type: exact f32 for f32, tensor cores for bf16.
#include "kernels/conv2d/gpu/launch.cuh"
#include "kernels/conv2d/versions/versions.h"

namespace dagan::DAGAN_BACKEND {

void conv2d(const Launch& launch, Conv2dGeometry geometry, View x, View w, View bias, View y,
            Write write) {
  const auto version = x.dtype == DType::bf16 ? conv2d_bf16 : conv2d_f32;
  version(launch, geometry, x, w, bias, y, write);
}

void conv2d_input_grad(const Launch& launch, Conv2dGeometry geometry, View dy, View w, View bias,
                       View dx, Write write) {
  const auto version = dy.dtype == DType::bf16 ? conv2d_bf16_input_grad : conv2d_f32_input_grad;
  version(launch, geometry, dy, w, bias, dx, write);
}

void conv2d_filter_grad(const Launch& launch, Conv2dGeometry geometry, View x, View dy, View dw,
                        Write write) {
  const auto version = x.dtype == DType::bf16 ? conv2d_bf16_filter_grad : conv2d_f32_filter_grad;
  version(launch, geometry, x, dy, dw, write);
}

std::int64_t conv2d_scratch(Conv2dPass pass, Conv2dGeometry geometry, Shape x, Shape w, Shape y) {
  using namespace implicit_gemm;
  const Problem g = make_problem(geometry, x, w, y);
  switch (pass) {
    case Conv2dPass::forward: return scratch_bytes<ForwardPass>(g, y);
    case Conv2dPass::input_grad:
      return spreads(g) ? spread_bytes(g) : scratch_bytes<InputGradPass>(g, x);
    default: return scratch_bytes<FilterGradPass>(g, w);
  }
}

}  // namespace dagan::DAGAN_BACKEND
