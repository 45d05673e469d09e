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

void forward_as_stored(const Launch& launch, Conv2dGeometry g, View x, const ConvFilter& filter,
                       Finish finish, View y, Write write) {
  const auto run = x.dtype == DType::bf16 ? forward<bf16> : forward<float>;
  run(launch, g, x, filter, finish, y, write);
}

void input_grad_as_stored(const Launch& launch, Conv2dGeometry g, View dy, const ConvFilter& filter,
                          Finish finish, View dx, Write write) {
  const auto run = dy.dtype == DType::bf16 ? input_grad<bf16> : input_grad<float>;
  run(launch, g, dy, filter, finish, dx, write);
}

void filter_grad_as_stored(const Launch& launch, Conv2dGeometry g, View x, View dy, View dw,
                           Write write) {
  const auto run = x.dtype == DType::bf16 ? filter_grad<bf16> : filter_grad<float>;
  run(launch, g, x, dy, dw, write);
}

// The sizes of tiles, and so of the scratch, depend on the instruction set.
std::int64_t scratch(Conv2dPass pass, Conv2dGeometry geometry, Shape x, Shape w, Shape y,
                     bool ready) {
  switch (pass) {
    case Conv2dPass::forward: return forward_scratch(geometry, x, w, y, ready);
    case Conv2dPass::input_grad: return input_grad_scratch(geometry, x, w, ready);
    default: return FilterGradCut(geometry, x, w, y).scratch();
  }
}

std::int64_t packed_size(const PackedConv2d& p) {
  return p.pass == Conv2dPass::forward ? forward_packed_size(p.w)
                                       : input_grad_packed_size(p.geometry, p.x, p.w);
}

template <class T>
void pack_stored(const PackedConv2d& p, const ConvFilter& filter, float* packed) {
  if (p.pass == Conv2dPass::forward)
    pack_forward<T>(filter, packed);
  else
    pack_input_grad<T>(p.geometry, p.x, filter, packed);
}

void pack_as_stored(const PackedConv2d& p, const ConvFilter& filter, float* packed) {
  (filter.w.dtype == DType::bf16 ? pack_stored<bf16> : pack_stored<float>)(p, filter, packed);
}

void run_as_stored(const Launch& launch, const PackedConv2d& p, View x, const ConvFilter& filter,
                   Finish finish, View y) {
  const auto run = p.pass == Conv2dPass::forward ? forward_as_stored : input_grad_as_stored;
  run(launch, p.geometry, x, filter, finish, y, Write::overwrite);
}

}  // namespace dagan::cpu::implicit_gemm::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dagan::cpu::implicit_gemm {

HWY_EXPORT(forward_as_stored);
HWY_EXPORT(input_grad_as_stored);
HWY_EXPORT(filter_grad_as_stored);
HWY_EXPORT(scratch);
HWY_EXPORT(packed_size);
HWY_EXPORT(pack_as_stored);
HWY_EXPORT(run_as_stored);

void conv2d(const Launch& launch, Conv2dGeometry geometry, View x, View w, View bias, View y,
            Write write) {
  HWY_DYNAMIC_DISPATCH(forward_as_stored)
  (launch, geometry, x, {w}, {bias.as<float>()}, y, write);
}

void conv2d_input_grad(const Launch& launch, Conv2dGeometry geometry, View dy, View w, View bias,
                       View dx, Write write) {
  HWY_DYNAMIC_DISPATCH(input_grad_as_stored)
  (launch, geometry, dy, {w}, {bias.as<float>()}, dx, write);
}

void conv2d_filter_grad(const Launch& launch, Conv2dGeometry geometry, View x, View dy, View dw,
                        Write write) {
  HWY_DYNAMIC_DISPATCH(filter_grad_as_stored)(launch, geometry, x, dy, dw, write);
}

std::int64_t conv2d_scratch(Conv2dPass pass, Conv2dGeometry geometry, Shape x, Shape w, Shape y) {
  return HWY_DYNAMIC_DISPATCH(scratch)(pass, geometry, x, w, y, false);
}

std::int64_t packed_floats(const PackedConv2d& p) { return HWY_DYNAMIC_DISPATCH(packed_size)(p); }

std::int64_t packed_scratch(const PackedConv2d& p) {
  return HWY_DYNAMIC_DISPATCH(scratch)(p.pass, p.geometry, p.x, p.w, p.y, !p.once);
}

void pack(const PackedConv2d& p, const ConvFilter& filter, float* packed) {
  HWY_DYNAMIC_DISPATCH(pack_as_stored)(p, filter, packed);
}

void run_packed(const Launch& launch, const PackedConv2d& p, View x, const ConvFilter& filter,
                Finish finish, View y) {
  HWY_DYNAMIC_DISPATCH(run_as_stored)(launch, p, x, filter, finish, y);
}

}  // namespace dagan::cpu::implicit_gemm
#endif
