// Rows first: a target row is a weighted sum of source rows, which needs no shuffling and reads the
// picture as it was stored (u8 and u16 are widened on the way). What is left for the other
// direction is P rows.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/image/cpu.cpp"
#include "kernels/simd.h"
// After simd.h: it chooses the targets.
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cmath>

#include "kernels/image/image.h"
#include "kernels/parallel.h"

HWY_BEFORE_NAMESPACE();
namespace dagan::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class D>
hn::Vec<D> load_as_float(D d, const float* x) {
  return hn::LoadU(d, x);
}

template <class D, class T>
hn::Vec<D> load_as_float(D d, const T* x) {
  const hn::RebindToSigned<D> di;
  return hn::ConvertTo(d, hn::PromoteTo(di, hn::LoadU(hn::Rebind<T, D>(), x)));
}

// sum[i] = weight * x[i], or += that.
template <bool kAdd, class T>
void weigh_row(const T* x, float weight, float* sum, std::int64_t size) {
  const hn::ScalableTag<float> d;
  const std::int64_t lanes = std::int64_t(hn::Lanes(d));
  const auto w = hn::Set(d, weight);
  std::int64_t i = 0;
  for (; i + lanes <= size; i += lanes) {
    const auto v = load_as_float(d, x + i);
    hn::StoreU(kAdd ? hn::MulAdd(w, v, hn::LoadU(d, sum + i)) : hn::Mul(w, v), d, sum + i);
  }
  const hn::CappedTag<float, 1> one;
  for (; i < size; ++i) {
    const auto w1 = hn::Set(one, weight), v = hn::Set(one, float(x[i]));
    hn::StoreU(kAdd ? hn::MulAdd(w1, v, hn::LoadU(one, sum + i)) : hn::Mul(w1, v), one, sum + i);
  }
}

template <class T>
void weigh_rows(const T* x, std::int64_t row, const float* weights, std::int64_t taps, float* sum) {
  weigh_row<false>(x, weights[0], sum, row);
  for (std::int64_t t = 1; t < taps; ++t) weigh_row<true>(x + t * row, weights[t], sum, row);
}

void weigh_rows_u8(const std::uint8_t* x, std::int64_t row, const float* weights, std::int64_t taps,
                   float* sum) {
  weigh_rows(x, row, weights, taps, sum);
}
void weigh_rows_u16(const std::uint16_t* x, std::int64_t row, const float* weights,
                    std::int64_t taps, float* sum) {
  weigh_rows(x, row, weights, taps, sum);
}
void weigh_rows_f32(const float* x, std::int64_t row, const float* weights, std::int64_t taps,
                    float* sum) {
  weigh_rows(x, row, weights, taps, sum);
}

}  // namespace dagan::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dagan::cpu {
namespace {

HWY_EXPORT(weigh_rows_u8);
HWY_EXPORT(weigh_rows_u16);
HWY_EXPORT(weigh_rows_f32);

constexpr std::int64_t kChunks = 16;  // of target rows; each has a row of sums of its own

std::int64_t taps_at_most(std::int64_t source, std::int64_t target) {
  return 2 * std::max<std::int64_t>((source + target - 1) / target, 1) + 1;
}

// The source pixels of each target pixel: the first, how many, and their weights.
struct Taps {
  std::int64_t *first, *count;  // (target)
  float* weights;               // (target, stride)
  std::int64_t stride;

  static std::int64_t bytes(std::int64_t source, std::int64_t target) {
    return target * (16 + (taps_at_most(source, target) + 1) / 2 * 8);
  }
};

Taps make_taps(std::int64_t source, std::int64_t target, std::byte* memory) {
  const std::int64_t stride = taps_at_most(source, target);
  Taps taps = {};
  taps.first = reinterpret_cast<std::int64_t*>(memory);
  taps.count = taps.first + target;
  taps.weights = reinterpret_cast<float*>(taps.count + target);
  taps.stride = stride;
  const double s = double(source) / double(target), support = std::max(s, 1.0);
  for (std::int64_t j = 0; j < target; ++j) {
    const double centre = (double(j) + 0.5) * s;
    const auto weight = [&](std::int64_t i) {
      return 1 - std::abs(double(i) + 0.5 - centre) / support;
    };
    std::int64_t first = std::max<std::int64_t>(0, std::int64_t(centre - support));
    while (weight(first) <= 0) ++first;
    std::int64_t count = 0;
    double sum = 0;
    while (count < stride && first + count < source && weight(first + count) > 0)
      sum += weight(first + count++);
    taps.first[j] = first;
    taps.count[j] = count;
    for (std::int64_t t = 0; t < count; ++t)
      taps.weights[j * stride + t] = float(weight(first + t) / sum);
  }
  return taps;
}

std::int64_t row_floats(Shape x) { return (x.w * x.c + 15) / 16 * 16; }

// y[q,c] = sum over the taps of q of x[w,c], brought to [-1,1].
template <int kC>
void weigh_columns(const Taps& taps, Levels levels, const float* x, std::int64_t channels,
                   std::int64_t q_count, float* y) {
  const std::int64_t stride = kC ? kC : channels;
  const float middle = levels.high + levels.low, range = levels.high - levels.low;
  for (std::int64_t q = 0; q < q_count; ++q) {
    const float* weights = taps.weights + q * taps.stride;
    const float* from = x + taps.first[q] * stride;
    for (std::int64_t c = 0; c < stride; ++c) {
      float sum = 0;
      for (std::int64_t t = 0; t < taps.count[q]; ++t) sum += weights[t] * from[t * stride + c];
      y[q * stride + c] = (2 * sum - middle) / range;
    }
  }
}

void weigh_rows(View x, std::int64_t offset, const float* weights, std::int64_t taps, float* sum) {
  const std::int64_t row = x.shape.w * x.shape.c;
  switch (x.dtype) {
    case DType::u8:
      return HWY_DYNAMIC_DISPATCH(weigh_rows_u8)(x.as<std::uint8_t>() + offset, row, weights, taps,
                                                 sum);
    case DType::u16:
      return HWY_DYNAMIC_DISPATCH(weigh_rows_u16)(x.as<std::uint16_t>() + offset, row, weights,
                                                  taps, sum);
    default:
      return HWY_DYNAMIC_DISPATCH(weigh_rows_f32)(x.as<float>() + offset, row, weights, taps, sum);
  }
}

}  // namespace

std::int64_t image_normalise_resize_scratch(Shape x, Shape y) {
  return Taps::bytes(x.h, y.h) + Taps::bytes(x.w, y.w) +
         kChunks * row_floats(x) * std::int64_t(sizeof(float));
}

void image_normalise_resize(const Launch& launch, Levels levels, View x, View y) {
  const Shape in = x.shape, out = y.shape;
  std::byte* scratch = launch.scratch;
  const Taps down = make_taps(in.h, out.h, scratch);
  scratch += Taps::bytes(in.h, out.h);
  const Taps along = make_taps(in.w, out.w, scratch);
  scratch += Taps::bytes(in.w, out.w);
  float* sums = reinterpret_cast<float*>(scratch);  // (kChunks, W*C)
  const auto columns = in.c == 1   ? weigh_columns<1>
                       : in.c == 3 ? weigh_columns<3>
                                   : weigh_columns<0>;
  const std::int64_t rows = out.n * out.h, row = in.w * in.c;
  parallel_for(kChunks, [&](std::int64_t chunk) {
    float* sum = sums + chunk * row_floats(in);
    for (std::int64_t i = chunk * rows / kChunks; i < (chunk + 1) * rows / kChunks; ++i) {
      const std::int64_t n = i / out.h, p = i % out.h;
      weigh_rows(x, (n * in.h + down.first[p]) * row, down.weights + p * down.stride, down.count[p],
                 sum);
      columns(along, levels, sum, in.c, out.w, y.as<float>() + i * out.w * out.c);
    }
  });
}

}  // namespace dagan::cpu
#endif
