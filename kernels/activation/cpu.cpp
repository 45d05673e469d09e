#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/activation/cpu.cpp"
#include "kernels/simd.h"
// After simd.h: it chooses the targets.
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// Compiled for each target, like this file.
#include <hwy/contrib/math/math-inl.h>

#include "kernels/rows-inl.h"
// Compiled once.
#include "kernels/activation/activation.h"

HWY_BEFORE_NAMESPACE();
namespace dagan::cpu::HWY_NAMESPACE {
namespace {

void leaky_relu(float slope, View x, View y) {
  for_each_vector<2>(
      {x, y}, Write::overwrite, [=](auto d, const auto& row, std::int64_t i) HWY_ATTR {
        const auto value = hn::LoadU(d, row[0] + i);
        const auto scaled = hn::Mul(value, hn::Set(d, slope));
        hn::StoreU(hn::IfThenElse(hn::Gt(value, hn::Zero(d)), value, scaled), d, row[1] + i);
      });
}

void leaky_relu_grad(float slope, View y, View dy, View dx, Write write) {
  for_each_vector<3>({y, dy, dx}, write, [=](auto d, const auto& row, std::int64_t i) HWY_ATTR {
    const auto gradient = hn::LoadU(d, row[1] + i);
    const auto scaled = hn::Mul(gradient, hn::Set(d, slope));
    const auto positive = hn::Gt(hn::LoadU(d, row[0] + i), hn::Zero(d));
    put(d, hn::IfThenElse(positive, gradient, scaled), row[2] + i, write);
  });
}

void tanh(View x, View y) {
  for_each_vector<2>({x, y}, Write::overwrite,
                     [](auto d, const auto& row, std::int64_t i) HWY_ATTR {
                       hn::StoreU(hn::Tanh(d, hn::LoadU(d, row[0] + i)), d, row[1] + i);
                     });
}

void tanh_grad(View y, View dy, View dx, Write write) {
  for_each_vector<3>({y, dy, dx}, write, [=](auto d, const auto& row, std::int64_t i) HWY_ATTR {
    const auto value = hn::LoadU(d, row[0] + i);
    const auto one = hn::Set(d, 1.0f);
    // Not 1 - y^2: near |y| = 1 the rounding of y^2 would be most of the result.
    const auto slope = hn::Mul(hn::Sub(one, value), hn::Add(one, value));
    put(d, hn::Mul(slope, hn::LoadU(d, row[1] + i)), row[2] + i, write);
  });
}

}  // namespace
}  // namespace dagan::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dagan::cpu {

HWY_EXPORT(leaky_relu);
HWY_EXPORT(leaky_relu_grad);
HWY_EXPORT(tanh);
HWY_EXPORT(tanh_grad);

void leaky_relu(const Launch&, float slope, View x, View y) {
  HWY_DYNAMIC_DISPATCH(leaky_relu)(slope, x, y);
}

void leaky_relu_grad(const Launch&, float slope, View y, View dy, View dx, Write write) {
  HWY_DYNAMIC_DISPATCH(leaky_relu_grad)(slope, y, dy, dx, write);
}

void tanh(const Launch&, View x, View y) { HWY_DYNAMIC_DISPATCH(tanh)(x, y); }

void tanh_grad(const Launch&, View y, View dy, View dx, Write write) {
  HWY_DYNAMIC_DISPATCH(tanh_grad)(y, dy, dx, write);
}

}  // namespace dagan::cpu
#endif
