// Copies that bring patches and filters into the order in which the micro-kernel reads them.
#if defined(DAGAN_CONV2D_PACK) == defined(HWY_TARGET_TOGGLE)
#ifdef DAGAN_CONV2D_PACK
#undef DAGAN_CONV2D_PACK
#else
#define DAGAN_CONV2D_PACK
#endif

#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include <algorithm>
#include <type_traits>

#include "kernels/conv2d/filter.h"
#include "kernels/conv2d/implicit_gemm/micro_kernel-inl.h"
#include "kernels/conv2d/implicit_gemm/patches.h"
#include "kernels/stored-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dagan::cpu::implicit_gemm::HWY_NAMESPACE {

using cpu::HWY_NAMESPACE::load;

// To and from bf16.
template <class From, class To>
HWY_INLINE void copy_run(const From* from, To* to, std::int64_t count) {
  cpu::HWY_NAMESPACE::copy_elements(Tag(), from, to, count);
}

HWY_INLINE void copy_run(const float* from, float* to, std::int64_t count) {
  const Tag d;
  std::int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) hn::StoreU(hn::LoadU(d, from + i), d, to + i);
#if HWY_MEM_OPS_MIGHT_FAULT
  const hn::CappedTag<float, 4> part;
  constexpr std::int64_t kPart = hn::MaxLanes(part);
  for (; i + kPart <= count; i += kPart) hn::StoreU(hn::LoadU(part, from + i), part, to + i);
  for (; i < count; ++i) to[i] = from[i];
#else
  if (i < count) hn::SafeCopyN(std::size_t(count - i), d, from + i, to + i);
#endif
}

template <class From, class To>
HWY_INLINE void copy_pixels(const From* from, std::int64_t from_pitch, To* to,
                            std::int64_t to_pitch, std::int64_t pixels, std::int64_t channels) {
  if (from_pitch == channels && to_pitch == channels) return copy_run(from, to, pixels * channels);
  for (; pixels > 0; --pixels, from += from_pitch, to += to_pitch)
    for (std::int64_t c = 0; c < channels; ++c) to[c] = To(float(from[c]));
}

HWY_INLINE void zero_run(float* to, std::int64_t count) {
  const Tag d;
  std::int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) hn::StoreU(hn::Zero(d), d, to + i);
  if (i < count) hn::SafeFillN(std::size_t(count - i), 0.0f, d, to + i);
}

// Columns of a patch that lie side by side in memory.
struct Segment {
  std::int64_t a, b, c;          // the first column: tap and channel
  std::int64_t length;           // columns
  std::int64_t inside, outside;  // output columns j in [inside, outside) see no padding

  Segment() = default;
  // Cuts off the longest segment that starts at `column`.
  template <class T>
  Segment(const Patches<T>& p, std::int64_t column, std::int64_t remaining) {
    const std::int64_t tap = column / p.source.c;
    a = tap / p.taps_w, b = tap % p.taps_w, c = column % p.source.c;
    const std::int64_t taps = p.pitch == p.source.c ? p.taps_w - b : 1;
    length = std::min(remaining, taps * p.source.c - c);
    const std::int64_t last = b + (c + length - 1) / p.source.c;
    inside = divide_up(std::max<std::int64_t>(0, -(p.left + b)), p.step);
    outside = divide_up(std::max<std::int64_t>(0, p.source.w - (p.left + last)), p.step);
  }
};

// One segment of one pixel, of which columns [low, high) are not padding.
template <class T>
HWY_INLINE void pack_padded(const T* from, std::int64_t low, std::int64_t high, std::int64_t length,
                            float* to) {
  zero_run(to, low);
  if (low < high) copy_run(from + low, to + low, high - low);
  zero_run(to + high, length - high);
}

// The same segment of `count` pixels.
template <class T>
HWY_INLINE void pack_inside(const T* from, std::int64_t from_pitch, std::int64_t count,
                            std::int64_t length, float* to, std::int64_t pitch) {
  const Tag d;
  if (length == 2 * kLanes) {
    for (; count > 0; --count, from += from_pitch, to += pitch) {
      const Vector v0 = load(d, from), v1 = load(d, from + kLanes);
      hn::StoreU(v0, d, to);
      hn::StoreU(v1, d, to + kLanes);
    }
    return;
  }
#if !HWY_MEM_OPS_MIGHT_FAULT
  if constexpr (std::is_same_v<T, float>)
    if (length < kLanes) {
      const auto mask = hn::FirstN(d, std::size_t(length));
      for (; count > 0; --count, from += from_pitch, to += pitch)
        hn::BlendedStore(hn::MaskedLoad(mask, d, from), mask, d, to);
      return;
    }
#endif
  for (; count > 0; --count, from += from_pitch, to += pitch) copy_run(from, to, length);
}

// One segment of `count` rows from a pixel on, within one span.
template <class T>
HWY_INLINE void pack_segment(const Patches<T>& p, const Segment& s, const Pixel& pixel,
                             std::int64_t count, float* to, std::int64_t pitch) {
  const std::int64_t h = pixel.i * p.step + p.top + s.a;
  if (h < 0 || h >= p.source.h) {
    for (; count > 0; --count, to += pitch) zero_run(to, s.length);
    return;
  }
  const std::int64_t image = p.source.h * p.source.w * p.pitch;
  const T* line = p.data + pixel.n * image + h * p.source.w * p.pitch + s.c;
  // The part of the segment inside the line when its first tap is at column w.
  const auto low = [&](std::int64_t w) {
    return std::clamp<std::int64_t>(-w * p.source.c - s.c, 0, s.length);
  };
  const auto high = [&](std::int64_t w) {
    return std::clamp<std::int64_t>((p.source.w - w) * p.source.c - s.c, low(w), s.length);
  };
  std::int64_t w = pixel.j * p.step + p.left + s.b;
  if (p.images_first) {
    const std::int64_t begin = low(w), end = high(w);
    if (begin == 0 && end == s.length)
      pack_inside(line + w * p.pitch, image, count, s.length, to, pitch);
    else
      for (std::int64_t n = 0; n < count; ++n)
        pack_padded(line + n * image + w * p.pitch, begin, end, s.length, to + n * pitch);
    return;
  }
  std::int64_t j = pixel.j;
  const std::int64_t stop = pixel.j + count;
  for (; j < std::min(stop, s.inside); ++j, w += p.step, to += pitch)
    pack_padded(line + w * p.pitch, low(w), high(w), s.length, to);
  if (const std::int64_t inside = std::min(stop, s.outside) - j; inside > 0) {
    pack_inside(line + w * p.pitch, p.step * p.pitch, inside, s.length, to, pitch);
    j += inside, w += inside * p.step, to += inside * pitch;
  }
  for (; j < stop; ++j, w += p.step, to += pitch)
    pack_padded(line + w * p.pitch, low(w), high(w), s.length, to);
}

// to[m][k] = patches[row + m][column + k] for m < rows, k < columns <= kPanel.
template <class T>
inline void pack_patches(const Patches<T>& p, std::int64_t row, std::int64_t rows,
                         std::int64_t column, std::int64_t columns, float* to, std::int64_t pitch) {
  Segment segments[kPanel];
  std::int64_t count = 0;
  for (std::int64_t at = 0; at < columns; at += segments[count++].length)
    segments[count] = Segment(p, column + at, columns - at);
  Pixel pixel = p.pixel(row);
  for (std::int64_t m = 0; m < rows;) {
    const std::int64_t span = std::min(rows - m, p.span(pixel));
    float* at = to + m * pitch;
    for (std::int64_t i = 0; i < count; at += segments[i++].length)
      pack_segment(p, segments[i], pixel, span, at, pitch);
    p.advance(pixel, span);
    m += span;
  }
}

// to[i][j] *= scale[j], of `rows` rows of a panel of which `columns` are in use; no scale is 1.
inline void scale_panel(const float* scale, std::int64_t columns, std::int64_t rows, float* to) {
  if (!scale) return;
  const Tag d;
  HWY_ALIGN float factors[kPanel] = {};
  copy_run(scale, factors, columns);
  for (std::int64_t i = 0; i < rows * kPanel; i += kLanes)
    hn::StoreU(hn::Mul(hn::Load(d, factors + i % kPanel), hn::LoadU(d, to + i)), d, to + i);
}

// Filters as the matrix B of a convolution: column k is filter k, (columns, depth) in memory, and
// is multiplied by scale[k].
template <class T>
struct FilterColumns {
  const T* data;
  std::int64_t depth, columns;
  const float* scale = nullptr;

  // to[i][j] = B[row + i][column + j]; j < kPanel, zero past the last column.
  void pack(std::int64_t row, std::int64_t rows, std::int64_t column, float* to) const {
    const std::int64_t count = std::min(kPanel, columns - column);
    std::int64_t j = 0;
#if HWY_TARGET != HWY_SCALAR
    const hn::CappedTag<float, 4> d;
    const hn::Repartition<double, decltype(d)> pairs;
    for (; j + 4 <= count; j += 4) {
      const T* from = data + (column + j) * depth + row;
      std::int64_t i = 0;
      for (; i + 4 <= rows; i += 4) {
        // A transpose of 4 x 4. The next four filters lie pages apart, out of reach of the
        // hardware's prefetcher.
        for (int f = 4; f < 8 && i % 16 == 0; ++f) hwy::Prefetch(from + f * depth + i);
        const auto f0 = load(d, from + i), f1 = load(d, from + depth + i);
        const auto f2 = load(d, from + 2 * depth + i), f3 = load(d, from + 3 * depth + i);
        const auto low01 = hn::BitCast(pairs, hn::InterleaveLower(d, f0, f1));
        const auto low23 = hn::BitCast(pairs, hn::InterleaveLower(d, f2, f3));
        const auto high01 = hn::BitCast(pairs, hn::InterleaveUpper(d, f0, f1));
        const auto high23 = hn::BitCast(pairs, hn::InterleaveUpper(d, f2, f3));
        float* at = to + i * kPanel + j;
        hn::StoreU(hn::BitCast(d, hn::InterleaveLower(pairs, low01, low23)), d, at);
        hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(pairs, low01, low23)), d, at + kPanel);
        hn::StoreU(hn::BitCast(d, hn::InterleaveLower(pairs, high01, high23)), d, at + 2 * kPanel);
        hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(pairs, high01, high23)), d, at + 3 * kPanel);
      }
      for (; i < rows; ++i)
        for (int f = 0; f < 4; ++f) to[i * kPanel + j + f] = float(from[f * depth + i]);
    }
#endif
    for (; j < kPanel; ++j)
      for (std::int64_t i = 0; i < rows; ++i)
        to[i * kPanel + j] = j < count ? float(data[(column + j) * depth + row + i]) : 0;
    scale_panel(scale ? scale + column : nullptr, count, rows, to);
  }
};

// Filters (K,R,S,C) as the matrix B of one phase of the input gradient: row (a,b,k), column c,
// where tap (a,b) is filter tap (last_r - a*stride, last_s - b*stride). Column c is multiplied by
// scale[c].
template <class T>
struct FilterRows {
  const T* data;
  Shape filter;
  std::int64_t taps_w, last_r, last_s, stride;
  const float* scale = nullptr;

  void pack(std::int64_t row, std::int64_t rows, std::int64_t column, float* to) const {
    const std::int64_t count = std::min(kPanel, filter.c - column);
    const std::int64_t pitch = filter.h * filter.w * filter.c;
    for (std::int64_t i = 0; i < rows;) {
      const std::int64_t tap = (row + i) / filter.n, first = (row + i) % filter.n;
      const std::int64_t r = last_r - tap / taps_w * stride, s = last_s - tap % taps_w * stride;
      const T* from = data + first * pitch + (r * filter.w + s) * filter.c + column;
      const std::int64_t stop = std::min(rows, i + filter.n - first);
      for (; i < stop; ++i, from += pitch) {
        copy_run(from, to + i * kPanel, count);
        zero_run(to + i * kPanel + count, kPanel - count);
      }
    }
    scale_panel(scale ? scale + column : nullptr, count, rows, to);
  }
};

}  // namespace dagan::cpu::implicit_gemm::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
