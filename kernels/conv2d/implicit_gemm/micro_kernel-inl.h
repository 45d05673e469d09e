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
constexpr std::int64_t kDepth = 256;  // of one call: what stays in the level 2 cache
// A by rows (patches): the odd number of cache lines keeps the rows of a tile in different sets.
constexpr std::int64_t kRowPitch = kDepth + 16;

// rows[i][column + j] = sum over k < depth of A[i][k] * B[k][j]  + bias[column + j]  + what was
// there
struct Tile {
  const float* a;
  const float* b;  // (depth, kPanel)
  std::int64_t depth;
  float* const* rows;
  std::int64_t column, columns;  // columns <= kPanel
  const float* bias;             // or null
  bool add;                      // to what was there
};

template <int kVectors>
HWY_INLINE void write_row(const Tile& tile, float* row, const Vector* sums) {
  const Tag d;
  float* to = row + tile.column;
  if (tile.columns == kVectors * kLanes) {
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) {
      Vector sum = sums[v];
      if (tile.bias) sum = hn::Add(sum, hn::LoadU(d, tile.bias + tile.column + v * kLanes));
      if (tile.add) sum = hn::Add(sum, hn::LoadU(d, to + v * kLanes));
      hn::StoreU(sum, d, to + v * kLanes);
    }
    return;
  }
  HWY_ALIGN float buffer[kPanel] = {};
  for (int v = 0; v < kVectors; ++v) hn::Store(sums[v], d, buffer + v * kLanes);
  for (std::int64_t j = 0; j < tile.columns; ++j)
    to[j] = buffer[j] + (tile.bias ? tile.bias[tile.column + j] : 0) + (tile.add ? to[j] : 0);
}

// A[i][k] is a[i * kRowStep + k * kDepthStep].
template <int kRows, int kVectors, int kRowStep, int kDepthStep>
void multiply(const Tile& tile) {
  const Tag d;
  Vector sums[kRows][kVectors];
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i) {
    // The output is written at the end; its lines are on their way meanwhile.
    hwy::Prefetch(tile.rows[i] + tile.column);
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) sums[i][v] = hn::Zero(d);
  }
  const float* a = tile.a;
  const float* b = tile.b;
  for (std::int64_t k = 0; k < tile.depth; ++k, a += kDepthStep, b += kPanel) {
    Vector columns[kVectors];
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) {
      columns[v] = hn::LoadU(d, b + v * kLanes);
      hwy::Prefetch(b + v * kLanes + 16 * kPanel);
    }
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) {
      const Vector row = hn::Set(d, a[i * kRowStep]);
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; ++v) sums[i][v] = hn::MulAdd(row, columns[v], sums[i][v]);
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i) write_row<kVectors>(tile, tile.rows[i], sums[i]);
}

template <int kRowStep, int kDepthStep, int kRows = kMaxRows>
void multiply(int rows, const Tile& tile) {
  if constexpr (kRows > 1)
    if (rows < kRows) return multiply<kRowStep, kDepthStep, kRows - 1>(rows, tile);
  if (tile.columns <= kLanes)
    multiply<kRows, 1, kRowStep, kDepthStep>(tile);
  else
    multiply<kRows, 2, kRowStep, kDepthStep>(tile);
}

// A packed by rows, (row, kRowPitch).
HWY_INLINE void multiply_rows(int rows, const Tile& tile) { multiply<kRowPitch, 1>(rows, tile); }
// A packed by depth, (depth, kMaxRows).
HWY_INLINE void multiply_depth(int rows, const Tile& tile) { multiply<1, kMaxRows>(rows, tile); }

}  // namespace dagan::cpu::implicit_gemm::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
