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

#include "kernels/conv2d/implicit_gemm/micro_kernel-inl.h"
#include "kernels/conv2d/implicit_gemm/patches.h"

HWY_BEFORE_NAMESPACE();
namespace dagan::cpu::implicit_gemm::HWY_NAMESPACE {

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

HWY_INLINE void zero_run(float* to, std::int64_t count) {
  const Tag d;
  std::int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) hn::StoreU(hn::Zero(d), d, to + i);
  if (i < count) hn::SafeFillN(std::size_t(count - i), 0.0f, d, to + i);
}

// Columns of a patch that lie side by side in memory.
struct Segment {
  std::int64_t a, b, c;          // the first column: tap and channel
  std::int64_t length, at;       // columns; the place in the packed row
  std::int64_t inside, outside;  // output columns j in [inside, outside) see no padding

  // Cuts off the longest segment that starts at `column`.
  Segment(const Patches& p, std::int64_t column, std::int64_t remaining, std::int64_t place)
      : at(place) {
    const std::int64_t tap = column / p.source.c;
    a = tap / p.taps_w, b = tap % p.taps_w, c = column % p.source.c;
    const std::int64_t taps = p.pitch == p.source.c ? p.taps_w - b : 1;
    length = std::min(remaining, taps * p.source.c - c);
    const std::int64_t last = b + (c + length - 1) / p.source.c;
    inside = divide_up(std::max<std::int64_t>(0, -(p.left + b)), p.step);
    outside = divide_up(std::max<std::int64_t>(0, p.source.w - (p.left + last)), p.step);
  }
};

// One segment of the output pixels [begin, end) of the line (n,i).
HWY_INLINE void pack_segment(const Patches& p, const Segment& s, std::int64_t n, std::int64_t i,
                             std::int64_t begin, std::int64_t end, float* to, std::int64_t pitch) {
  const std::int64_t h = i * p.step + p.top + s.a;
  std::int64_t j = begin;
  if (h < 0 || h >= p.source.h) {
    for (; j < end; ++j, to += pitch) zero_run(to, s.length);
    return;
  }
  const float* line = p.data + (n * p.source.h + h) * p.source.w * p.pitch;
  const auto padded = [&](std::int64_t stop) HWY_ATTR {
    for (; j < stop; ++j, to += pitch) {
      const std::int64_t w = j * p.step + p.left + s.b;
      const std::int64_t low = std::clamp<std::int64_t>(-w * p.source.c - s.c, 0, s.length);
      const std::int64_t high =
          std::clamp<std::int64_t>((p.source.w - w) * p.source.c - s.c, low, s.length);
      zero_run(to, low);
      if (low < high) copy_run(line + w * p.pitch + s.c + low, to + low, high - low);
      zero_run(to + high, s.length - high);
    }
  };
  padded(std::min(end, s.inside));
  const float* from = line + (j * p.step + p.left + s.b) * p.pitch + s.c;
  for (const std::int64_t stop = std::min(end, s.outside); j < stop; ++j, to += pitch) {
    copy_run(from, to, s.length);
    from += p.step * p.pitch;
  }
  padded(end);
}

// to[m][k] = patches[row + m][column + k] for m < rows, k < columns <= kDepth.
inline void pack_patches(const Patches& p, std::int64_t row, std::int64_t rows, std::int64_t column,
                         std::int64_t columns, float* to, std::int64_t pitch) {
  for (std::int64_t at = 0; at < columns;) {
    const Segment segment(p, column + at, columns - at, at);
    std::int64_t j = row % p.width, i = row / p.width % p.height, n = row / p.width / p.height;
    for (std::int64_t m = 0; m < rows;) {
      const std::int64_t end = std::min(p.width, j + rows - m);
      pack_segment(p, segment, n, i, j, end, to + m * pitch + at, pitch);
      m += end - j;
      j = 0;
      if (++i == p.height) i = 0, ++n;
    }
    at += segment.length;
  }
}

// Filters as the matrix B of a convolution: column k is filter k, (columns, depth) in memory.
struct FilterColumns {
  const float* data;
  std::int64_t depth, columns;

  // to[i][j] = B[row + i][column + j]; j < kPanel, zero past the last column.
  void pack(std::int64_t row, std::int64_t rows, std::int64_t column, float* to) const {
    const std::int64_t count = std::min(kPanel, columns - column);
    std::int64_t j = 0;
#if HWY_TARGET != HWY_SCALAR
    const hn::CappedTag<float, 4> d;
    const hn::Repartition<double, decltype(d)> pairs;
    for (; j + 4 <= count; j += 4) {
      const float* from = data + (column + j) * depth + row;
      std::int64_t i = 0;
      for (; i + 4 <= rows; i += 4) {
        // A transpose of 4 x 4; the next four filters come from far away.
        for (int f = 4; f < 8; ++f)
          if (i % 16 == 0) hwy::Prefetch(from + f * depth + i);
        const auto f0 = hn::LoadU(d, from + i), f1 = hn::LoadU(d, from + depth + i);
        const auto f2 = hn::LoadU(d, from + 2 * depth + i), f3 = hn::LoadU(d, from + 3 * depth + i);
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
        for (int f = 0; f < 4; ++f) to[i * kPanel + j + f] = from[f * depth + i];
    }
#endif
    for (; j < kPanel; ++j)
      for (std::int64_t i = 0; i < rows; ++i)
        to[i * kPanel + j] = j < count ? data[(column + j) * depth + row + i] : 0;
  }
};

// Filters (K,R,S,C) as the matrix B of one phase of the input gradient: row (a,b,k), column c,
// where tap (a,b) is filter tap (last_r - a*stride, last_s - b*stride).
struct FilterRows {
  const float* data;
  Shape filter;
  std::int64_t taps_w, last_r, last_s, stride;

  void pack(std::int64_t row, std::int64_t rows, std::int64_t column, float* to) const {
    const std::int64_t count = std::min(kPanel, filter.c - column);
    const std::int64_t pitch = filter.h * filter.w * filter.c;
    for (std::int64_t i = 0; i < rows;) {
      const std::int64_t tap = (row + i) / filter.n, first = (row + i) % filter.n;
      const std::int64_t r = last_r - tap / taps_w * stride, s = last_s - tap % taps_w * stride;
      const float* from = data + first * pitch + (r * filter.w + s) * filter.c + column;
      const std::int64_t stop = std::min(rows, i + filter.n - first);
      for (; i < stop; ++i, from += pitch) {
        // The next filters lie pages apart, out of reach of the hardware's prefetcher.
        for (std::int64_t c = 0; c < count; c += 16) hwy::Prefetch(from + 8 * pitch + c);
        copy_run(from, to + i * kPanel, count);
        zero_run(to + i * kPanel + count, kPanel - count);
      }
    }
  }
};

}  // namespace dagan::cpu::implicit_gemm::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
