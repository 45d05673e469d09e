// The window's mean is separable: rows are summed first, which needs no shuffling, then columns, as
// sums of the same row read at shifted places.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/residual/cpu.cpp"
#include "kernels/simd.h"
// After simd.h: it chooses the targets.
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <bit>
#include <functional>

#include "kernels/parallel.h"
#include "kernels/residual/residual.h"

HWY_BEFORE_NAMESPACE();
namespace dagan::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Tag = hn::ScalableTag<float>;

// out[w] = sum over c of (x - y)^2 of one row of pixels, `x_pitch` and `y_pitch` elements apart.
void squared_row(const float* x, std::int64_t x_pitch, const float* y, std::int64_t y_pitch,
                 std::int64_t width, std::int64_t channels, float* out) {
  const Tag d;
  const std::int64_t lanes = std::int64_t(hn::Lanes(d));
  std::int64_t w = 0;
  if (channels == 1 && x_pitch == 1 && y_pitch == 1)
    for (; w + lanes <= width; w += lanes) {
      const auto e = hn::Sub(hn::LoadU(d, x + w), hn::LoadU(d, y + w));
      hn::StoreU(hn::Mul(e, e), d, out + w);
    }
  if (channels == 3 && x_pitch == 3 && y_pitch == 3)
    for (; w + lanes <= width; w += lanes) {
      hn::Vec<Tag> x0, x1, x2, y0, y1, y2;
      hn::LoadInterleaved3(d, x + 3 * w, x0, x1, x2);
      hn::LoadInterleaved3(d, y + 3 * w, y0, y1, y2);
      const auto e0 = hn::Sub(x0, y0), e1 = hn::Sub(x1, y1), e2 = hn::Sub(x2, y2);
      hn::StoreU(hn::MulAdd(e2, e2, hn::MulAdd(e1, e1, hn::Mul(e0, e0))), d, out + w);
    }
  for (; w < width; ++w) {
    float sum = 0;
    for (std::int64_t c = 0; c < channels; ++c) {
      const float e = x[w * x_pitch + c] - y[w * y_pitch + c];
      sum += e * e;
    }
    out[w] = sum;
  }
}

// out[w] = scale * (the sum of x[i * stride + w] for i in [0, count)).
void sum_shifted(const float* x, std::int64_t stride, std::int64_t count, float scale,
                 std::int64_t width, float* out) {
  const Tag d;
  const std::int64_t lanes = std::int64_t(hn::Lanes(d));
  std::int64_t w = 0;
  for (; w + lanes <= width; w += lanes) {
    auto sum = hn::LoadU(d, x + w);
    for (std::int64_t i = 1; i < count; ++i) sum = hn::Add(sum, hn::LoadU(d, x + i * stride + w));
    hn::StoreU(hn::Mul(sum, hn::Set(d, scale)), d, out + w);
  }
  for (; w < width; ++w) {
    float sum = x[w];
    for (std::int64_t i = 1; i < count; ++i) sum += x[i * stride + w];
    out[w] = sum * scale;
  }
}

}  // namespace dagan::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dagan::cpu {
namespace {

HWY_EXPORT(squared_row);
HWY_EXPORT(sum_shifted);

// out[w] = scale * (the sum of x[j] for j in [w - radius, w + radius] and in the row).
void sum_columns(const float* x, std::int64_t width, std::int64_t radius, float scale, float* out) {
  const auto edge = [&](std::int64_t w) {
    float sum = 0;
    for (std::int64_t j = std::max<std::int64_t>(0, w - radius);
         j <= std::min(width - 1, w + radius); ++j)
      sum += x[j];
    out[w] = sum * scale;
  };
  const std::int64_t left = std::min(radius, width), right = std::max(left, width - radius);
  for (std::int64_t w = 0; w < left; ++w) edge(w);
  if (right > left) HWY_DYNAMIC_DISPATCH(sum_shifted)
  (x + left - radius, 1, 2 * radius + 1, scale, right - left, out + left);
  for (std::int64_t w = right; w < width; ++w) edge(w);
}

// f32 as integers in the same order, NaN largest: sorting numbers that may be NaN by < is
// undefined.
constexpr std::uint32_t kNanKey = 0xffffffffu;

std::uint32_t to_key(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if (value != value) return kNanKey;
  return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

float from_key(std::uint32_t key) {
  return std::bit_cast<float>(key & 0x80000000u ? key & 0x7fffffffu : ~key);
}

// Brings the `count` largest of n keys to the front. Counting by leading bits leaves few to
// compare.
void largest_first(std::uint32_t* keys, std::int64_t n, std::int64_t count) {
  constexpr int kBits = 11;
  std::int64_t counts[1 << kBits] = {};
  for (std::int64_t i = 0; i < n; ++i) ++counts[keys[i] >> (32 - kBits)];
  std::uint32_t leading = (1 << kBits) - 1;  // of the least of them
  for (std::int64_t above = counts[leading]; above < count; above += counts[leading]) --leading;
  const auto end = std::partition(
      keys, keys + n, [leading](std::uint32_t key) { return key >> (32 - kBits) >= leading; });
  std::nth_element(keys, keys + count - 1, end, std::greater<>());
}

}  // namespace

std::int64_t pooled_residual_scratch(Shape x) { return 2 * x.pixels() * 4; }

void pooled_residual(const Launch& launch, int radius, View x, View y, View map) {
  const Shape s = x.shape;
  float* residual = reinterpret_cast<float*>(launch.scratch);  // (N,H,W,1)
  float* rows = residual + s.pixels();                         // (N,H,W,1), summed along H
  const std::int64_t window = (2 * std::int64_t(radius) + 1) * (2 * std::int64_t(radius) + 1);
  const float scale = 1.0f / float(window * s.c);
  parallel_for(s.n * s.h, [&](std::int64_t i) {
    HWY_DYNAMIC_DISPATCH(squared_row)
    (x.as<const float>() + i * s.w * x.pitch, x.pitch, y.as<const float>() + i * s.w * y.pitch,
     y.pitch, s.w, s.c, residual + i * s.w);
  });
  parallel_for(s.n * s.h, [&](std::int64_t i) {
    const std::int64_t h = i % s.h, first = std::max<std::int64_t>(0, h - radius);
    const std::int64_t count = std::min(s.h - 1, h + radius) - first + 1;
    float* row = rows + i * s.w;
    HWY_DYNAMIC_DISPATCH(sum_shifted)
    (residual + (i - h + first) * s.w, s.w, count, 1.0f, s.w, row);
    sum_columns(row, s.w, radius, scale, map.as<float>() + i * s.w);
  });
}

void standardise(const Launch&, View map, View mean, View spread, View out) {
  const Shape s = map.shape;
  parallel_for(s.n * s.h, [&](std::int64_t i) {
    const std::int64_t row = i % s.h * s.w;
    for (std::int64_t w = 0; w < s.w; ++w)
      out.as<float>()[i * s.w + w] =
          (map.as<float>()[i * s.w + w] - mean.as<float>()[row + w]) / spread.as<float>()[row + w];
  });
}

std::int64_t top_mean_scratch(Shape map) { return map.pixels() * 4; }

void top_mean(const Launch& launch, float fraction, View map, View scores) {
  const std::int64_t pixels = map.shape.h * map.shape.w, count = top_count(fraction, map.shape);
  std::uint32_t* keys = reinterpret_cast<std::uint32_t*>(launch.scratch);  // (N,H,W,1)
  parallel_for(map.shape.n, [&](std::int64_t n) {
    const float* values = map.as<const float>() + n * pixels;
    std::uint32_t* first = keys + n * pixels;
    std::transform(values, values + pixels, first, to_key);
    largest_first(first, pixels, count);
    std::sort(first, first + count, std::greater<>());
    double sum = 0;
    for (std::int64_t i = 0; i < count; ++i) sum += double(from_key(first[i]));
    scores.as<float>()[n] = float(sum / double(count));
  });
}

}  // namespace dagan::cpu
#endif
