// The products of one point of the transform. Both forms keep a tile of rows x 2 vectors in
// registers while the depth runs.
#if defined(DAGAN_WINOGRAD_PRODUCT) == defined(HWY_TARGET_TOGGLE)
#ifdef DAGAN_WINOGRAD_PRODUCT
#undef DAGAN_WINOGRAD_PRODUCT
#else
#define DAGAN_WINOGRAD_PRODUCT
#endif

#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include "kernels/conv2d/winograd/tiles.h"
#include "kernels/conv2d/winograd/transform-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dagan::cpu::winograd::HWY_NAMESPACE {

// Rows of A side by side.
constexpr int kMaxRows = implicit_gemm::HWY_NAMESPACE::kMaxRows;

// The depth of one sum in f32, at most: the error grows with it and with m. A slab of the
// transformed filter of this depth stays in the level 2 cache.
template <int m>
constexpr std::int64_t kMostDepth = m == 4 && kLanes >= 16 ? 64 : 128;

// How A lies: (depth / kGroup, rows, kGroup), so that one pointer reaches all rows, or (depth,
// kGroup), of which the rows are some. Both let a transform write whole cache lines.
enum class Order { groups, steps };

// c[i][j] (+)= sum over k of A[i][k] * B[k][j]; b: (depth, kPanel), c: (rows, kPanel)
struct Operands {
  const float *a, *b;
  std::int64_t depth;  // by groups: a multiple of kGroup
  float* c;
  bool add;
  Ahead ahead;  // into the level 1 cache
};

template <Order kOrder, int kRows, int kVectors>
void multiply_tile(const Operands& o) {
  constexpr bool kByGroups = kOrder == Order::groups;
  constexpr std::int64_t kSteps = kByGroups ? kGroup : 1;
  const Tag d;
  Vector sums[kRows][kVectors];
#pragma GCC unroll 8
  for (int i = 0; i < kRows; ++i)
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) sums[i][v] = hn::Zero(d);
  const float *a = o.a, *b = o.b, *next = o.ahead.from;
  for (std::int64_t k = 0; k < o.depth; k += kSteps, a += kByGroups ? kGroup * kRows : kGroup) {
#pragma GCC unroll 4
    for (std::int64_t step = 0; step < kSteps; ++step, b += kPanel, next += o.ahead.step) {
      hwy::Prefetch(next);
      if (o.ahead.two_lines()) hwy::Prefetch(next + implicit_gemm::kLine);
      Vector columns[kVectors];
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; ++v) columns[v] = hn::LoadU(d, b + v * kLanes);
#pragma GCC unroll 8
      for (int i = 0; i < kRows; ++i) {
        const Vector row = hn::Set(d, a[kByGroups ? i * kGroup + step : i]);
#pragma GCC unroll 2
        for (int v = 0; v < kVectors; ++v) sums[i][v] = hn::MulAdd(row, columns[v], sums[i][v]);
      }
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < kRows; ++i)
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) {
      float* to = o.c + i * kPanel + v * kLanes;
      hn::StoreU(o.add ? hn::Add(sums[i][v], hn::LoadU(d, to)) : sums[i][v], d, to);
    }
}

// rows <= kRows; only the first `columns` of a panel are wanted.
template <Order kOrder, int kRows = kMaxRows>
void multiply(std::int64_t rows, std::int64_t columns, const Operands& o) {
  if constexpr (kRows > 1)
    if (rows < kRows) return multiply<kOrder, kRows - 1>(rows, columns, o);
  if (columns <= kLanes)
    multiply_tile<kOrder, kRows, 1>(o);
  else
    multiply_tile<kOrder, kRows, 2>(o);
}

// The first `count` lanes, or all, into an output that may be a slice and stored in bf16.
template <class T>
HWY_NOINLINE void write_partial(const float* values, std::int64_t count, Finish finish, bool add,
                                T* to) {
  for (std::int64_t i = 0; i < count; ++i) {
    const float z = values[i] + (finish.bias ? finish.bias[i] : 0) + (add ? float(to[i]) : 0);
    to[i] = T(z > 0 ? z : finish.slope * z);
  }
}

template <class T>
HWY_INLINE void write(Vector value, std::int64_t count, Finish finish, bool add, T* to) {
  const Tag d;
  if (count < kLanes) {
    HWY_ALIGN float values[kLanes];
    hn::Store(value, d, values);
    return write_partial(values, count, finish, add, to);
  }
  if (finish.bias) value = hn::Add(value, hn::LoadU(d, finish.bias));
  if (add) value = hn::Add(value, cpu::HWY_NAMESPACE::load(d, to));
  if (finish.activates()) value = activate(value, finish.slope);
  cpu::HWY_NAMESPACE::store(value, d, to);
}

}  // namespace dagan::cpu::winograd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
