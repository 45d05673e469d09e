// Element-wise loops and sums over tensors of one shape, once for each instruction set (Highway). A
// functor gets a vector tag `d`, the start of a row in each tensor, and the index of a vector in
// the row; at the end of a row the same code runs on vectors of one lane.
#if defined(DAGAN_KERNELS_ROWS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef DAGAN_KERNELS_ROWS_INL_H
#undef DAGAN_KERNELS_ROWS_INL_H
#else
#define DAGAN_KERNELS_ROWS_INL_H
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <array>
#include <type_traits>

#include "core/view.h"
#include "kernels/blocks.h"
#include "kernels/parallel.h"
#include "kernels/stored-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dagan::cpu::HWY_NAMESPACE {

using Wide = hn::ScalableTag<float>;
using One = hn::CappedTag<float, 1>;
template <class D>
using V = hn::Vec<D>;

template <int kCount>
using Count = std::integral_constant<int, kCount>;
template <std::size_t K>
using Row = std::array<float*, K>;

// Tensors of one shape as equally long rows: blocks of everything where all are contiguous, else
// pixels.
template <std::size_t K>
class Rows {
 public:
  explicit Rows(const std::array<View, K>& views) : views_(views) {
    bool contiguous = true;
    for (const View& view : views) contiguous &= view.contiguous();
    const Shape shape = views[0].shape;
    width_ = contiguous ? 0 : shape.c;
    blocks_ = contiguous ? element_blocks(shape) : row_blocks(shape);
  }

  std::int64_t blocks() const { return blocks_.count(); }

  // Calls f(row, width) for each row of a block of tensors in f32.
  template <class F>
  HWY_INLINE void block(std::int64_t i, F f) const {
    each_start(i, [&](const Starts& start, std::int64_t width) HWY_ATTR {
      Row<K> row;
      for (std::size_t k = 0; k < K; ++k) row[k] = views_[k].template as<float>() + start[k];
      f(row, width);
    });
  }

  bool any_in_bf16() const {
    return std::any_of(views_.begin(), views_.end(),
                       [](const View& view) { return view.dtype == DType::bf16; });
  }

  // The same for rows of which f changes the last, or sets it. A part of a row that is stored in
  // bf16 is widened for f, and the last one is rounded afterwards.
  template <class F>
  HWY_INLINE void block_through_f32(std::int64_t i, Write last_row, F f) const {
    constexpr std::int64_t kPart = 1024;  // all of them stay in the level 1 cache
    HWY_ALIGN float widened[K][kPart];
    each_start(i, [&](const Starts& start, std::int64_t width) HWY_ATTR {
      for (std::int64_t at = 0; at < width; at += kPart) {
        const std::int64_t count = std::min(kPart, width - at);
        Row<K> row;
        for (std::size_t k = 0; k < K; ++k) {
          const View& view = views_[k];
          row[k] = view.dtype == DType::f32 ? view.as<float>() + start[k] + at : widened[k];
          const bool read = k + 1 < K || last_row == Write::accumulate;
          if (view.dtype == DType::bf16 && read)
            copy_elements(Wide(), view.as<bf16>() + start[k] + at, row[k], count);
        }
        f(row, count);
        if (const View& last = views_[K - 1]; last.dtype == DType::bf16)
          copy_elements(Wide(), row[K - 1], last.as<bf16>() + start[K - 1] + at, count);
      }
    });
  }

 private:
  using Starts = std::array<std::int64_t, K>;  // the element of each view where a row starts

  // Calls f(starts, width) for each row of a block.
  template <class F>
  HWY_INLINE void each_start(std::int64_t i, F f) const {
    Starts start;
    const std::int64_t begin = blocks_.begin(i), end = blocks_.end(i);
    for (std::size_t k = 0; k < K; ++k) start[k] = begin * (width_ ? views_[k].pitch : 1);
    if (width_ == 0) return f(start, end - begin);
    for (std::int64_t pixel = begin; pixel < end; ++pixel) {
      f(start, width_);
      for (std::size_t k = 0; k < K; ++k) start[k] += views_[k].pitch;
    }
  }

  std::array<View, K> views_;
  std::int64_t width_;  // 0: contiguous
  Blocks blocks_;
};

// f(d, row, i) for every vector. f changes the last row, or sets it, as `last_row` says; where all
// tensors are in f32 it may change others too.
template <std::size_t K, class F>
void for_each_vector(const std::array<View, K>& views, Write last_row, F f) {
  const Rows<K> rows(views);
  const auto vectors = [&](const Row<K>& row, std::int64_t width) HWY_ATTR {
    const Wide wide;
    const One one;
    const std::int64_t lanes = std::int64_t(hn::Lanes(wide));
    std::int64_t i = 0;
    for (; i + lanes <= width; i += lanes) f(wide, row, i);
    for (; i < width; ++i) f(one, row, i);
  };
  if (rows.any_in_bf16())
    parallel_for(rows.blocks(), [&](std::int64_t block)
                                    HWY_ATTR { rows.block_through_f32(block, last_row, vectors); });
  else
    parallel_for(rows.blocks(), [&](std::int64_t block) HWY_ATTR { rows.block(block, vectors); });
}

template <std::size_t K, class F>
void for_each_vector(const std::array<View, K>& views, F f) {
  for_each_vector(views, Write::accumulate, f);
}

// The sum of everything that f(d, row, i) returns for one block; f32, one sum for each lane.
template <std::size_t K, class F>
HWY_INLINE float sum_block(const Rows<K>& rows, std::int64_t block, F f) {
  const Wide wide;
  const One one;
  const std::int64_t lanes = std::int64_t(hn::Lanes(wide));
  V<Wide> sum = hn::Zero(wide);
  V<One> rest = hn::Zero(one);
  rows.block(block, [&](const Row<K>& row, std::int64_t width) HWY_ATTR {
    std::int64_t i = 0;
    for (; i + lanes <= width; i += lanes) sum = hn::Add(sum, f(wide, row, i));
    for (; i < width; ++i) rest = hn::Add(rest, f(one, row, i));
  });
  return hn::GetLane(hn::SumOfLanes(wide, sum)) + hn::GetLane(rest);
}

// Those sums for every block; returns their number, which is most_blocks(shape) at most.
template <std::size_t K, class F>
std::int64_t sum_blocks(const std::array<View, K>& views, float* sums, F f) {
  const Rows<K> rows(views);
  parallel_for(rows.blocks(),
               [&](std::int64_t block) HWY_ATTR { sums[block] = sum_block(rows, block, f); });
  return rows.blocks();
}

template <class D, class T>
HWY_INLINE void put(D d, V<D> value, T* to, Write write) {
  if (write == Write::accumulate) value = hn::Add(value, load(d, to));
  store(value, d, to);
}

// Calls f(d, count, c) for groups of `count` vectors of channels that cover the channels once. Wide
// groups, because a cache line that is touched twice far apart is read from memory twice.
template <class F>
HWY_INLINE void for_each_vector_group(std::int64_t channels, F f) {
  const Wide wide;
  const std::int64_t lanes = std::int64_t(hn::Lanes(wide));
  std::int64_t c = 0;
  for (; c + 4 * lanes <= channels; c += 4 * lanes) f(wide, Count<4>(), c);
  for (; c + 2 * lanes <= channels; c += 2 * lanes) f(wide, Count<2>(), c);
  for (; c + lanes <= channels; c += lanes) f(wide, Count<1>(), c);
  for (; c < channels; ++c) f(One(), Count<1>(), c);
}

// sums[k][c] = what f(d, pixel, c, sum) adds to sum[k] over the pixels; in f32.
template <std::size_t K, class F>
HWY_INLINE void sum_pixels(std::int64_t pixels, std::int64_t channels,
                           const std::array<float*, K>& sums, F f) {
  for_each_vector_group(channels, [&](auto d, auto count, std::int64_t c) HWY_ATTR {
    constexpr int kCount = count;
    constexpr int kChains = 4 / kCount;  // sums in parallel hide the latency of an addition
    const std::int64_t lanes = std::int64_t(hn::Lanes(d));
    V<decltype(d)> sum[kChains][kCount][K];
    for (auto& chain : sum)
      for (auto& vector : chain)
        for (auto& k : vector) k = hn::Zero(d);
    std::int64_t pixel = 0;
    for (; pixel + kChains <= pixels; pixel += kChains)
      for (int i = 0; i < kChains; ++i)
        for (int v = 0; v < kCount; ++v) f(d, pixel + i, c + v * lanes, sum[i][v]);
    for (; pixel < pixels; ++pixel)
      for (int v = 0; v < kCount; ++v) f(d, pixel, c + v * lanes, sum[0][v]);
    for (int v = 0; v < kCount; ++v)
      for (std::size_t k = 0; k < K; ++k) {
        for (int i = 1; i < kChains; ++i) sum[0][v][k] = hn::Add(sum[0][v][k], sum[i][v][k]);
        hn::StoreU(sum[0][v][k], d, sums[k] + c + v * lanes);
      }
  });
}

}  // namespace dagan::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
