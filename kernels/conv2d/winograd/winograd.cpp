#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/conv2d/winograd/winograd.cpp"
#include "kernels/simd.h"
// After simd.h: it chooses the targets.
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/conv2d/winograd/data_passes-inl.h"
#include "kernels/conv2d/winograd/filter_grad-inl.h"
#include "kernels/conv2d/winograd/winograd.h"

HWY_BEFORE_NAMESPACE();
namespace dagan::cpu::winograd::HWY_NAMESPACE {

template <int m>
void forward_as_stored(const Launch& launch, View x, View w, View bias, View y, Write write) {
  const auto run = x.dtype == DType::bf16 ? forward<m, bf16> : forward<m, float>;
  run(launch, x, w, bias, y, write);
}

template <int m>
void input_grad_as_stored(const Launch& launch, View dy, View w, View bias, View dx, Write write) {
  const auto run = dy.dtype == DType::bf16 ? input_grad<m, bf16> : input_grad<m, float>;
  run(launch, dy, w, bias, dx, write);
}

template <int m>
void filter_grad_as_stored(const Launch& launch, View x, View dy, View dw, Write write) {
  const auto run = x.dtype == DType::bf16 ? filter_grad<m, bf16> : filter_grad<m, float>;
  run(launch, x, dy, dw, write);
}

void forward_of(int m, const Launch& launch, View x, View w, View bias, View y, Write write) {
  (m == 4 ? forward_as_stored<4> : forward_as_stored<2>)(launch, x, w, bias, y, write);
}

void input_grad_of(int m, const Launch& launch, View dy, View w, View bias, View dx, Write write) {
  (m == 4 ? input_grad_as_stored<4> : input_grad_as_stored<2>)(launch, dy, w, bias, dx, write);
}

void filter_grad_of(int m, const Launch& launch, View x, View dy, View dw, Write write) {
  (m == 4 ? filter_grad_as_stored<4> : filter_grad_as_stored<2>)(launch, x, dy, dw, write);
}

template <int m>
std::int64_t scratch(Conv2dPass pass, Shape w, Shape y) {
  const Tiles<m> tiles(y);
  if (pass == Conv2dPass::filter_grad) return FilterGradCut<m>(y, w).bytes();
  const auto of = [&](auto filter) {
    return PassScratch<m, decltype(filter)>(tiles, filter).bytes();
  };
  return pass == Conv2dPass::forward ? of(ForwardFilter<float>{nullptr, w})
                                     : of(InputGradFilter<float>{nullptr, w});
}

// The sizes of tiles, and so of the scratch, depend on the instruction set.
std::int64_t scratch_of(int m, Conv2dPass pass, Shape w, Shape y) {
  return m == 4 ? scratch<4>(pass, w, y) : scratch<2>(pass, w, y);
}

}  // namespace dagan::cpu::winograd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dagan::cpu::winograd {

HWY_EXPORT(forward_of);
HWY_EXPORT(input_grad_of);
HWY_EXPORT(filter_grad_of);
HWY_EXPORT(scratch_of);

bool suits(int m, Conv2dGeometry geometry, Shape w, Shape y) {
  return geometry.stride == 2 && geometry.pad == 1 && w.h == 4 && w.w == 4 &&
         (m == 4 ? Tiles<4>(y).suits() : Tiles<2>(y).suits());
}

void conv2d(int m, const Launch& launch, View x, View w, View bias, View y, Write write) {
  HWY_DYNAMIC_DISPATCH(forward_of)(m, launch, x, w, bias, y, write);
}

void conv2d_input_grad(int m, const Launch& launch, View dy, View w, View bias, View dx,
                       Write write) {
  HWY_DYNAMIC_DISPATCH(input_grad_of)(m, launch, dy, w, bias, dx, write);
}

void conv2d_filter_grad(int m, const Launch& launch, View x, View dy, View dw, Write write) {
  HWY_DYNAMIC_DISPATCH(filter_grad_of)(m, launch, x, dy, dw, write);
}

std::int64_t conv2d_scratch(int m, Conv2dPass pass, Shape w, Shape y) {
  return HWY_DYNAMIC_DISPATCH(scratch_of)(m, pass, w, y);
}

}  // namespace dagan::cpu::winograd
#endif
