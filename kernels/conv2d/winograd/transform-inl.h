// A small constant matrix times vectors of channels; where an entry is 0 or +-1 nothing is
// multiplied.
#if defined(DAGAN_WINOGRAD_TRANSFORM) == defined(HWY_TARGET_TOGGLE)
#ifdef DAGAN_WINOGRAD_TRANSFORM
#undef DAGAN_WINOGRAD_TRANSFORM
#else
#define DAGAN_WINOGRAD_TRANSFORM
#endif

#include <hwy/highway.h>

#include "kernels/conv2d/implicit_gemm/pack-inl.h"
#include "kernels/conv2d/winograd/matrices.h"

HWY_BEFORE_NAMESPACE();
namespace dagan::cpu::winograd::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using implicit_gemm::HWY_NAMESPACE::activate;
using implicit_gemm::HWY_NAMESPACE::Ahead;
using implicit_gemm::HWY_NAMESPACE::kLanes;
using implicit_gemm::HWY_NAMESPACE::kPanel;
using implicit_gemm::HWY_NAMESPACE::Tag;
using implicit_gemm::HWY_NAMESPACE::Vector;

// The entry of a row with which its sum starts: one that asks for no multiplication, if possible.
template <Matrix kMatrix>
constexpr int first_term(int row) {
  int first = 0;
  while (first + 1 < kMatrix.columns && kMatrix.at[row][first] == 0) ++first;
  for (int j = kMatrix.columns - 1; j >= 0; --j)
    if (kMatrix.at[row][j] == 1) first = j;
  return first;
}

template <Matrix kMatrix, int kRow, int kColumn = 0>
HWY_INLINE Vector add_terms(const Vector* in, Vector sum) {
  if constexpr (kColumn == kMatrix.columns) {
    return sum;
  } else {
    constexpr float factor = kMatrix.at[kRow][kColumn];
    if constexpr (factor != 0 && kColumn != first_term<kMatrix>(kRow)) {
      if constexpr (factor == 1)
        sum = hn::Add(sum, in[kColumn]);
      else if constexpr (factor == -1)
        sum = hn::Sub(sum, in[kColumn]);
      else
        sum = hn::MulAdd(hn::Set(Tag(), factor), in[kColumn], sum);
    }
    return add_terms<kMatrix, kRow, kColumn + 1>(in, sum);
  }
}

// out = matrix in
template <Matrix kMatrix, int kRow = 0>
HWY_INLINE void multiply_vector(const Vector* in, Vector* out) {
  if constexpr (kRow < kMatrix.rows) {
    constexpr int first = first_term<kMatrix>(kRow);
    constexpr float factor = kMatrix.at[kRow][first];
    const Vector start = factor == 1 ? in[first] : hn::Mul(hn::Set(Tag(), factor), in[first]);
    out[kRow] = add_terms<kMatrix, kRow>(in, start);
    multiply_vector<kMatrix, kRow + 1>(in, out);
  }
}

// out = matrix in matrix^T, with in[i][j] = load(i, j) and store(i, j, out[i][j]): of neither are
// there ever more than a column in registers.
template <Matrix kMatrix, class Load, class Store>
HWY_INLINE void transform(Load load, Store store) {
  Vector half[kMatrix.rows][kMatrix.columns];
#pragma GCC unroll 8
  for (int j = 0; j < kMatrix.columns; ++j) {
    Vector column[kMatrix.columns], product[kMatrix.rows];
#pragma GCC unroll 8
    for (int i = 0; i < kMatrix.columns; ++i) column[i] = load(i, j);
    multiply_vector<kMatrix>(column, product);
#pragma GCC unroll 8
    for (int i = 0; i < kMatrix.rows; ++i) half[i][j] = product[i];
  }
#pragma GCC unroll 8
  for (int i = 0; i < kMatrix.rows; ++i) {
    Vector row[kMatrix.rows];
    multiply_vector<kMatrix>(half[i], row);
#pragma GCC unroll 8
    for (int j = 0; j < kMatrix.rows; ++j) store(i, j, row[j]);
  }
}

// What transform() loads from and stores to: point (i,j) of n*n, each `size` behind the one before.
template <int n>
HWY_INLINE auto load_points(const float* first, std::int64_t size) {
  return [=](int i, int j) HWY_ATTR { return hn::LoadU(Tag(), first + (i * n + j) * size); };
}
template <int n>
HWY_INLINE auto store_points(float* first, std::int64_t size) {
  return [=](int i, int j, Vector point)
             HWY_ATTR { hn::StoreU(point, Tag(), first + (i * n + j) * size); };
}

}  // namespace dagan::cpu::winograd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
