// The innermost product of all three passes: a tile of rows x vectors of the output stays in
// registers while the depth runs. Per step of the depth: one load a vector of B, one broadcast a
// row of A.
#if defined(DAGAN_CONV2D_MICRO_KERNEL) == defined(HWY_TARGET_TOGGLE)
#ifdef DAGAN_CONV2D_MICRO_KERNEL
#undef DAGAN_CONV2D_MICRO_KERNEL
#else
#define DAGAN_CONV2D_MICRO_KERNEL
#endif

#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include <cstdint>

#include "kernels/conv2d/finish.h"
#include "kernels/conv2d/implicit_gemm/patches.h"

HWY_BEFORE_NAMESPACE();
namespace dagan::cpu::implicit_gemm::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Tag = hn::ScalableTag<float>;
using Vector = hn::Vec<Tag>;
constexpr int kLanes = int(hn::MaxLanes(Tag()));
// 8 x 2 sums, 2 vectors of B and a broadcast need 19 registers, 6 x 2 need 15.
constexpr int kMaxRows = kLanes >= 16 ? 8 : 6;
constexpr int kMaxVectors = 2;
constexpr std::int64_t kPanel = kMaxVectors * kLanes;  // columns of a packed panel of B
constexpr std::int64_t kDepth = 256;                   // of one call, at most

// A whose rows lie anywhere. The depth is `runs` runs of `length`; row i of run r starts at
// starts[r * pitch + i], null where it is zero. Runs that are zero in every row cost nothing.
struct RowsOfA {
  static constexpr std::int64_t step = 1;
  const float* const* starts;
  std::int64_t pitch, runs, length;
  const float* zeros;  // (length)

  template <int kRows>
  HWY_INLINE bool start(std::int64_t run, const float* (&rows)[kRows], std::int64_t& first,
                        std::int64_t& count) const {
    bool any = false;
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) {
      const float* row = starts[run * pitch + i];
      any |= row != nullptr;
      rows[i] = row ? row : zeros;
    }
    first = run * length;
    count = length;
    return any;
  }
};

struct Run {
  std::int64_t first, count;
};

// A by depth, row i of step k at data[k * step + i]; only the given runs are not zero in B.
struct ColumnsOfA {
  const float* data;
  std::int64_t step;
  const Run* list;
  std::int64_t runs;

  template <int kRows>
  HWY_INLINE bool start(std::int64_t run, const float* (&rows)[kRows], std::int64_t& first,
                        std::int64_t& count) const {
    first = list[run].first;
    count = list[run].count;
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) rows[i] = data + first * step + i;
    return true;
  }
};

// What comes into a cache while a product runs, the part `index` of `count` that share one B: of
// the B that is next, a line every so many floats a step. It may end past the end of that B, and
// leaves out what belongs to runs that are skipped.
struct Ahead {
  const float* from = nullptr;
  std::int64_t step = 0;

  Ahead() = default;
  Ahead(const float* next, std::int64_t depth, std::int64_t index, std::int64_t count)
      : from(next), step((kPanel + count - 1) / count) {
    from += index * depth * step;
  }
  HWY_INLINE bool two_lines() const { return kPanel > kLine && step > kLine; }
};

HWY_INLINE void prefetch_level_2(const float* line) {
#if HWY_COMPILER_GCC || HWY_COMPILER_CLANG
  __builtin_prefetch(line, 0, 2);
#else
  hwy::Prefetch(line);
#endif
}

// to[i][column + j] = finish(sum over k of A[i][k] * B[k][j]  + what was there)
struct Tile {
  const float* b;  // (depth, kPanel)
  float* const* to;
  std::int64_t column, columns;  // columns <= kPanel
  Finish finish;                 // its bias: of these columns
  bool add;                      // to what was there
  Ahead ahead = {};              // into the level 2 cache: level 1 is full
};

HWY_INLINE Vector activate(Vector z, float slope) {
  const Tag d;
  return hn::IfThenElse(hn::Gt(z, hn::Zero(d)), z, hn::Mul(hn::Set(d, slope), z));
}

template <int kVectors>
HWY_INLINE void write_row(const Tile& tile, float* row, const Vector* sums) {
  const Tag d;
  float* to = row + tile.column;
#pragma GCC unroll 2
  for (int v = 0; v < kVectors; ++v) {
    Vector sum = sums[v];
    if (tile.finish.bias) sum = hn::Add(sum, hn::LoadU(d, tile.finish.bias + v * kLanes));
    if (tile.add) sum = hn::Add(sum, hn::LoadU(d, to + v * kLanes));
    if (tile.finish.activates()) sum = activate(sum, tile.finish.slope);
    hn::StoreU(sum, d, to + v * kLanes);
  }
}

// The last, partial vectors of a row. Apart, so that the compiler leaves the registers of the
// common path alone.
HWY_NOINLINE inline void write_partial_row(const Tile& tile, float* row, const float* sums) {
  float* to = row + tile.column;
  for (std::int64_t j = 0; j < tile.columns; ++j) {
    const float z = sums[j] + (tile.finish.bias ? tile.finish.bias[j] : 0) + (tile.add ? to[j] : 0);
    to[j] = z > 0 ? z : tile.finish.slope * z;
  }
}

template <int kRows, int kVectors, class A>
void multiply_tile(const A& a, const Tile& tile) {
  const Tag d;
  Vector sums[kRows][kVectors];
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i) {
    // The output is written at the end; its lines are on their way meanwhile.
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) {
      hwy::Prefetch(tile.to[i] + tile.column + v * kLanes);
      sums[i][v] = hn::Zero(d);
    }
  }
  for (std::int64_t run = 0; run < a.runs; ++run) {
    const float* rows[kRows];
    std::int64_t first, count;
    if (!a.start(run, rows, first, count)) continue;
    const float* b = tile.b + first * kPanel;
    const float* next = tile.ahead.from ? tile.ahead.from + first * tile.ahead.step : b;
    for (std::int64_t k = 0; k < count; ++k, b += kPanel, next += tile.ahead.step) {
      prefetch_level_2(next);
      if (tile.ahead.two_lines()) prefetch_level_2(next + kLine);
      Vector columns[kVectors];
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; ++v) {
        columns[v] = hn::LoadU(d, b + v * kLanes);
      }
#pragma GCC unroll 16
      for (int i = 0; i < kRows; ++i) {
        const Vector row = hn::Set(d, rows[i][k * a.step]);
#pragma GCC unroll 2
        for (int v = 0; v < kVectors; ++v) sums[i][v] = hn::MulAdd(row, columns[v], sums[i][v]);
      }
    }
  }
  if (tile.columns == kVectors * kLanes) {
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) write_row<kVectors>(tile, tile.to[i], sums[i]);
    return;
  }
  HWY_ALIGN float buffer[kRows][kPanel];
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i)
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) hn::Store(sums[i][v], d, buffer[i] + v * kLanes);
  for (int i = 0; i < kRows; ++i) write_partial_row(tile, tile.to[i], buffer[i]);
}

template <int kRows = kMaxRows, class A>
void multiply(std::int64_t rows, const A& a, const Tile& tile) {
  if constexpr (kRows > 1)
    if (rows < kRows) return multiply<kRows - 1>(rows, a, tile);
  if (tile.columns <= kLanes)
    multiply_tile<kRows, 1>(a, tile);
  else
    multiply_tile<kRows, 2>(a, tile);
}

}  // namespace dagan::cpu::implicit_gemm::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
