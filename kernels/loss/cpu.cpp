#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/loss/cpu.cpp"
#include "kernels/simd.h"
// After simd.h: it chooses the targets.
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// Compiled for each target, like this file.
#include "kernels/rows-inl.h"
// Compiled once.
#include "kernels/loss/loss.h"

HWY_BEFORE_NAMESPACE();
namespace dagan::cpu::HWY_NAMESPACE {
namespace {

template <class D, class R>
HWY_INLINE V<D> difference(D d, const R& row, std::int64_t i) {
  return hn::Sub(hn::LoadU(d, row[0] + i), hn::LoadU(d, row[1] + i));
}

std::int64_t squared_error(View a, View b, float* partial) {
  return sum_blocks<2>({a, b}, partial, [](auto d, const auto& row, std::int64_t i) HWY_ATTR {
    const auto error = difference(d, row, i);
    return hn::Mul(error, error);
  });
}

std::int64_t absolute_error(View a, View b, float* partial) {
  return sum_blocks<2>({a, b}, partial, [](auto d, const auto& row, std::int64_t i) HWY_ATTR {
    return hn::Abs(difference(d, row, i));
  });
}

void squared_error_grad(View a, View b, float scale, View da, Write write) {
  for_each_vector<3>({a, b, da}, [=](auto d, const auto& row, std::int64_t i) HWY_ATTR {
    put(d, hn::Mul(difference(d, row, i), hn::Set(d, scale)), row[2] + i, write);
  });
}

void absolute_error_grad(View a, View b, float scale, View da, Write write) {
  for_each_vector<3>({a, b, da}, [=](auto d, const auto& row, std::int64_t i) HWY_ATTR {
    const auto error = difference(d, row, i);
    const auto value = hn::CopySign(hn::Set(d, scale), hn::Xor(error, hn::Set(d, scale)));
    put(d, hn::IfThenElse(hn::Eq(error, hn::Zero(d)), error, value), row[2] + i, write);
  });
}

}  // namespace
}  // namespace dagan::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dagan::cpu {
namespace {

void write_mean(const float* partial, std::int64_t blocks, View a, View loss) {
  double sum = 0;
  for (std::int64_t i = 0; i < blocks; ++i) sum += double(partial[i]);
  *loss.as<float>() = float(sum / double(a.shape.size()));
}

// d loss / d element, up to the element's own factor.
float scale_of(View a, View dloss, double factor) {
  return float(factor / double(a.shape.size()) * double(*dloss.as<float>()));
}

}  // namespace

HWY_EXPORT(squared_error);
HWY_EXPORT(absolute_error);
HWY_EXPORT(squared_error_grad);
HWY_EXPORT(absolute_error_grad);

std::int64_t error_scratch(Shape a) { return most_blocks(a) * std::int64_t(sizeof(float)); }

void squared_error(const Launch& launch, View a, View b, View loss) {
  float* partial = reinterpret_cast<float*>(launch.scratch);
  const std::int64_t blocks = HWY_DYNAMIC_DISPATCH(squared_error)(a, b, partial);
  write_mean(partial, blocks, a, loss);
}

void absolute_error(const Launch& launch, View a, View b, View loss) {
  float* partial = reinterpret_cast<float*>(launch.scratch);
  const std::int64_t blocks = HWY_DYNAMIC_DISPATCH(absolute_error)(a, b, partial);
  write_mean(partial, blocks, a, loss);
}

void squared_error_grad(const Launch&, View a, View b, View dloss, View da, Write write) {
  HWY_DYNAMIC_DISPATCH(squared_error_grad)(a, b, scale_of(a, dloss, 2), da, write);
}

void absolute_error_grad(const Launch&, View a, View b, View dloss, View da, Write write) {
  HWY_DYNAMIC_DISPATCH(absolute_error_grad)(a, b, scale_of(a, dloss, 1), da, write);
}

}  // namespace dagan::cpu
#endif
