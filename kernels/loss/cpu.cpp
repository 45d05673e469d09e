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

// The error of one element, and its derivative up to a factor.
struct Squared {
  template <class D>
  static HWY_INLINE V<D> value(D, V<D> difference) {
    return hn::Mul(difference, difference);
  }
  template <class D>
  static HWY_INLINE V<D> derivative(D, V<D> difference, V<D> scale) {
    return hn::Mul(difference, scale);
  }
};

struct Absolute {
  template <class D>
  static HWY_INLINE V<D> value(D, V<D> difference) {
    return hn::Abs(difference);
  }
  template <class D>
  static HWY_INLINE V<D> derivative(D d, V<D> difference, V<D> scale) {
    const auto value = hn::CopySign(scale, hn::Xor(difference, scale));
    const auto as_it_is = hn::Or(hn::Eq(difference, hn::Zero(d)), hn::IsNaN(difference));
    return hn::IfThenElse(as_it_is, difference, value);  // 0, and what is not a number
  }
};

// The sum of each block; the gradients, if there are any, are written on the way.
template <class Error>
std::int64_t errors(View a, View b, float scale, View da, View db, float* partial) {
  const auto one = [=](auto d, const auto& row, std::int64_t i) HWY_ATTR {
    constexpr std::size_t kRows = std::tuple_size_v<std::decay_t<decltype(row)>>;
    const auto error = difference(d, row, i);
    if constexpr (kRows > 2) {
      const auto derivative = Error::derivative(d, error, hn::Set(d, scale));
      hn::StoreU(derivative, d, row[2] + i);
      if constexpr (kRows > 3) hn::StoreU(hn::Neg(derivative), d, row[3] + i);
    }
    return Error::value(d, error);
  };
  if (db) return sum_blocks<4>({a, b, da, db}, partial, one);
  if (da) return sum_blocks<3>({a, b, da}, partial, one);
  return sum_blocks<2>({a, b}, partial, one);
}

template <class Error>
void error_grad(View a, View b, float scale, View da, Write write) {
  for_each_vector<3>({a, b, da}, [=](auto d, const auto& row, std::int64_t i) HWY_ATTR {
    const auto derivative = Error::derivative(d, difference(d, row, i), hn::Set(d, scale));
    put(d, derivative, row[2] + i, write);
  });
}

std::int64_t squared_errors(View a, View b, float scale, View da, View db, float* partial) {
  return errors<Squared>(a, b, scale, da, db, partial);
}
std::int64_t absolute_errors(View a, View b, float scale, View da, View db, float* partial) {
  return errors<Absolute>(a, b, scale, da, db, partial);
}
void squared_error_grad(View a, View b, float scale, View da, Write write) {
  error_grad<Squared>(a, b, scale, da, write);
}
void absolute_error_grad(View a, View b, float scale, View da, Write write) {
  error_grad<Absolute>(a, b, scale, da, write);
}

}  // namespace
}  // namespace dagan::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dagan::cpu {
namespace {

// d loss / d element, up to the element's own factor.
float scale_of(View a, float dloss, double factor) {
  return float(factor / double(a.shape.size()) * double(dloss));
}

template <class Errors>
void mean_error(const Launch& launch, View a, View b, float scale, View loss, View da, View db,
                Errors errors) {
  if (!da) std::swap(a, b), std::swap(da, db);
  auto* partial = reinterpret_cast<float*>(launch.scratch);
  const std::int64_t blocks = errors(a, b, scale, da, db, partial);
  double sum = 0;
  for (std::int64_t i = 0; i < blocks; ++i) sum += double(partial[i]);
  *loss.as<float>() = float(sum / double(a.shape.size()));
}

}  // namespace

HWY_EXPORT(squared_errors);
HWY_EXPORT(absolute_errors);
HWY_EXPORT(squared_error_grad);
HWY_EXPORT(absolute_error_grad);

std::int64_t error_scratch(Shape a) { return most_blocks(a) * std::int64_t(sizeof(float)); }

void squared_error(const Launch& launch, View a, View b, float dloss, View loss, View da, View db) {
  mean_error(launch, a, b, scale_of(a, dloss, 2), loss, da, db,
             HWY_DYNAMIC_DISPATCH(squared_errors));
}

void absolute_error(const Launch& launch, View a, View b, float dloss, View loss, View da,
                    View db) {
  mean_error(launch, a, b, scale_of(a, dloss, 1), loss, da, db,
             HWY_DYNAMIC_DISPATCH(absolute_errors));
}

void squared_error_grad(const Launch&, View a, View b, View dloss, View da, Write write) {
  HWY_DYNAMIC_DISPATCH(squared_error_grad)(a, b, scale_of(a, *dloss.as<float>(), 2), da, write);
}

void absolute_error_grad(const Launch&, View a, View b, View dloss, View da, Write write) {
  HWY_DYNAMIC_DISPATCH(absolute_error_grad)(a, b, scale_of(a, *dloss.as<float>(), 1), da, write);
}

}  // namespace dagan::cpu
#endif
