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
void forward_as_stored(const Launch& launch, View x, const ConvFilter& filter, Finish finish,
                       View y, Write write) {
  const auto run = x.dtype == DType::bf16 ? forward<m, bf16> : forward<m, float>;
  run(launch, x, filter, finish, y, write);
}

template <int m>
void input_grad_as_stored(const Launch& launch, View dy, const ConvFilter& filter, Finish finish,
                          View dx, Write write) {
  const auto run = dy.dtype == DType::bf16 ? input_grad<m, bf16> : input_grad<m, float>;
  run(launch, dy, filter, finish, dx, write);
}

template <int m>
void filter_grad_as_stored(const Launch& launch, View x, View dy, View dw, Write write) {
  const auto run = x.dtype == DType::bf16 ? filter_grad<m, bf16> : filter_grad<m, float>;
  run(launch, x, dy, dw, write);
}

void forward_of(int m, const Launch& launch, View x, const ConvFilter& filter, Finish finish,
                View y, Write write) {
  const auto run = m == 4 ? forward_as_stored<4> : forward_as_stored<2>;
  run(launch, x, filter, finish, y, write);
}

void input_grad_of(int m, const Launch& launch, View dy, const ConvFilter& filter, Finish finish,
                   View dx, Write write) {
  const auto run = m == 4 ? input_grad_as_stored<4> : input_grad_as_stored<2>;
  run(launch, dy, filter, finish, dx, write);
}

void filter_grad_of(int m, const Launch& launch, View x, View dy, View dw, Write write) {
  (m == 4 ? filter_grad_as_stored<4> : filter_grad_as_stored<2>)(launch, x, dy, dw, write);
}

// Calls f with the filter of a pass over data.
template <class T, class F>
auto with_filter(Conv2dPass pass, const ConvFilter& filter, F f) {
  return pass == Conv2dPass::forward ? f(ForwardFilter<T>(filter)) : f(InputGradFilter<T>(filter));
}

inline ConvFilter shape_only(Shape w) { return {{nullptr, w, DType::f32, w.c}}; }

template <int m>
std::int64_t scratch(Conv2dPass pass, Shape w, Shape y, bool ready) {
  if (pass == Conv2dPass::filter_grad) return FilterGradCut<m>(y, w).bytes();
  return with_filter<float>(pass, shape_only(w), [&](const auto& filter) {
    return PassScratch<m, std::decay_t<decltype(filter)>>(Tiles<m>(y), filter, ready).bytes();
  });
}

// The sizes of tiles, and so of the scratch, depend on the instruction set.
std::int64_t scratch_of(int m, Conv2dPass pass, Shape w, Shape y, bool ready) {
  return m == 4 ? scratch<4>(pass, w, y, ready) : scratch<2>(pass, w, y, ready);
}

template <int m>
std::int64_t packed_size(const PackedConv2d& p) {
  return with_filter<float>(p.pass, shape_only(p.w), [&](const auto& filter) {
    return Slabs<m, std::decay_t<decltype(filter)>>(filter).size(filter);
  });
}

std::int64_t packed_size_of(int m, const PackedConv2d& p) {
  return m == 4 ? packed_size<4>(p) : packed_size<2>(p);
}

template <int m, class T>
void pack_stored(Conv2dPass pass, const ConvFilter& filter, float* packed) {
  with_filter<T>(pass, filter, [&](const auto& of_pass) { transform_filter<m>(of_pass, packed); });
}

void pack_of(int m, Conv2dPass pass, const ConvFilter& filter, float* packed) {
  const bool halves = filter.w.dtype == DType::bf16;
  const auto of_2x2 = halves ? pack_stored<2, bf16> : pack_stored<2, float>;
  const auto of_4x4 = halves ? pack_stored<4, bf16> : pack_stored<4, float>;
  (m == 4 ? of_4x4 : of_2x2)(pass, filter, packed);
}

void run_packed_of(int m, const Launch& launch, const PackedConv2d& p, View x,
                   const ConvFilter& filter, Finish finish, View y) {
  const auto run = p.pass == Conv2dPass::forward ? forward_of : input_grad_of;
  run(m, launch, x, filter, finish, y, Write::overwrite);
}

}  // namespace dagan::cpu::winograd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dagan::cpu::winograd {

HWY_EXPORT(forward_of);
HWY_EXPORT(input_grad_of);
HWY_EXPORT(filter_grad_of);
HWY_EXPORT(scratch_of);
HWY_EXPORT(packed_size_of);
HWY_EXPORT(pack_of);
HWY_EXPORT(run_packed_of);

bool suits(int m, Conv2dGeometry geometry, Shape w, Shape y) {
  return geometry.stride == 2 && geometry.pad == 1 && w.h == 4 && w.w == 4 &&
         (m == 4 ? Tiles<4>(y).suits() : Tiles<2>(y).suits());
}

void conv2d(int m, const Launch& launch, View x, View w, View bias, View y, Write write) {
  HWY_DYNAMIC_DISPATCH(forward_of)(m, launch, x, {w}, {bias.as<float>()}, y, write);
}

void conv2d_input_grad(int m, const Launch& launch, View dy, View w, View bias, View dx,
                       Write write) {
  HWY_DYNAMIC_DISPATCH(input_grad_of)(m, launch, dy, {w}, {bias.as<float>()}, dx, write);
}

void conv2d_filter_grad(int m, const Launch& launch, View x, View dy, View dw, Write write) {
  HWY_DYNAMIC_DISPATCH(filter_grad_of)(m, launch, x, dy, dw, write);
}

std::int64_t conv2d_scratch(int m, Conv2dPass pass, Shape w, Shape y) {
  return HWY_DYNAMIC_DISPATCH(scratch_of)(m, pass, w, y, false);
}

std::int64_t packed_floats(int m, const PackedConv2d& p) {
  return HWY_DYNAMIC_DISPATCH(packed_size_of)(m, p);
}

std::int64_t packed_scratch(int m, const PackedConv2d& p) {
  return HWY_DYNAMIC_DISPATCH(scratch_of)(m, p.pass, p.w, p.y, !p.once);
}

void pack(int m, const PackedConv2d& p, const ConvFilter& filter, float* packed) {
  HWY_DYNAMIC_DISPATCH(pack_of)(m, p.pass, filter, packed);
}

void run_packed(int m, const Launch& launch, const PackedConv2d& p, View x,
                const ConvFilter& filter, Finish finish, View y) {
  HWY_DYNAMIC_DISPATCH(run_packed_of)(m, launch, p, x, filter, finish, y);
}

}  // namespace dagan::cpu::winograd
#endif
