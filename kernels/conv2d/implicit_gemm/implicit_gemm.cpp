#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/conv2d/implicit_gemm/implicit_gemm.cpp"
#include "kernels/simd.h"
// After simd.h: it chooses the targets.
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/conv2d/implicit_gemm/data_passes-inl.h"
#include "kernels/conv2d/implicit_gemm/filter_grad-inl.h"
#include "kernels/conv2d/implicit_gemm/implicit_gemm.h"

HWY_BEFORE_NAMESPACE();
namespace dagan::cpu::implicit_gemm::HWY_NAMESPACE {

void forward_as_stored(const Launch& launch, Conv2dGeometry g, View x, View w, View bias, View y,
                       Write write) {
  const auto run = x.dtype == DType::bf16 ? forward<bf16> : forward<float>;
  run(launch, g, x, w, bias, y, write);
}

void input_grad_as_stored(const Launch& launch, Conv2dGeometry g, View dy, View w, View bias,
                          View dx, Write write) {
  const auto run = dy.dtype == DType::bf16 ? input_grad<bf16> : input_grad<float>;
  run(launch, g, dy, w, bias, dx, write);
}

void filter_grad_as_stored(const Launch& launch, Conv2dGeometry g, View x, View dy, View dw,
                           Write write) {
  const auto run = x.dtype == DType::bf16 ? filter_grad<bf16> : filter_grad<float>;
  run(launch, g, x, dy, dw, write);
}

// The sizes of tiles, and so of the scratch, depend on the instruction set.
std::int64_t scratch(Conv2dPass pass, Conv2dGeometry geometry, Shape x, Shape w, Shape y) {
  switch (pass) {
    case Conv2dPass::forward: return forward_scratch(geometry, x, w, y);
    case Conv2dPass::input_grad: return input_grad_scratch(geometry, x, w);
    default: return FilterGradCut(geometry, x, w, y).scratch();
  }
}

}  // namespace dagan::cpu::implicit_gemm::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dagan::cpu::implicit_gemm {

HWY_EXPORT(forward_as_stored);
HWY_EXPORT(input_grad_as_stored);
HWY_EXPORT(filter_grad_as_stored);
HWY_EXPORT(scratch);

void conv2d(const Launch& launch, Conv2dGeometry geometry, View x, View w, View bias, View y,
            Write write) {
  HWY_DYNAMIC_DISPATCH(forward_as_stored)(launch, geometry, x, w, bias, y, write);
}

void conv2d_input_grad(const Launch& launch, Conv2dGeometry geometry, View dy, View w, View bias,
                       View dx, Write write) {
  HWY_DYNAMIC_DISPATCH(input_grad_as_stored)(launch, geometry, dy, w, bias, dx, write);
}

void conv2d_filter_grad(const Launch& launch, Conv2dGeometry geometry, View x, View dy, View dw,
                        Write write) {
  HWY_DYNAMIC_DISPATCH(filter_grad_as_stored)(launch, geometry, x, dy, dw, write);
}

std::int64_t conv2d_scratch(Conv2dPass pass, Conv2dGeometry geometry, Shape x, Shape w, Shape y) {
  return HWY_DYNAMIC_DISPATCH(scratch)(pass, geometry, x, w, y);
}

}  // namespace dagan::cpu::implicit_gemm
#endif
