// Winograd's short convolutions F(m,2): m outputs of a filter with 2 taps from n = m + 1 products.
//
//   y[p] = d[p] g[0] + d[p+1] g[1]  =  sum_i AT[p][i] * (BT d)[i] * (G g)[i],   p < m
//
// Along both axes: y = AT [(G g GT) . (BT d B)] A, n*n products for m*m outputs. Source: S.
// Winograd, Arithmetic Complexity of Computations, 1980; A. Lavin and S. Gray, Fast Algorithms for
// Convolutional Neural Networks, CVPR 2016.
#pragma once

namespace dagan::cpu::winograd {

template <int kRows, int kColumns>
struct Matrix {
  static constexpr int rows = kRows, columns = kColumns;
  float at[kRows][kColumns];

  constexpr Matrix<kColumns, kRows> transposed() const {
    Matrix<kColumns, kRows> result = {};
    for (int i = 0; i < kRows; ++i)
      for (int j = 0; j < kColumns; ++j) result.at[j][i] = at[i][j];
    return result;
  }
};

template <int m>
struct F;

// The points 0, 1 and infinity: no multiplications.
template <>
struct F<2> {
  static constexpr Matrix<3, 3> BT = {{{1, -1, 0}, {0, 1, 0}, {0, -1, 1}}};
  static constexpr Matrix<3, 2> G = {{{1, 0}, {1, 1}, {0, 1}}};
  static constexpr Matrix<2, 3> AT = {{{1, 1, 0}, {0, 1, 1}}};
};

// The points 0, 1, -1, 2 and infinity.
template <>
struct F<4> {
  static constexpr Matrix<5, 5> BT = {
      {{2, -1, -2, 1, 0}, {0, 2, 1, -1, 0}, {0, 2, -3, 1, 0}, {0, -1, 0, 1, 0}, {0, 2, -1, -2, 1}}};
  static constexpr Matrix<5, 2> G = {
      {{1 / 2.f, 0}, {1 / 2.f, 1 / 2.f}, {-1 / 6.f, 1 / 6.f}, {1 / 6.f, 1 / 3.f}, {0, 1}}};
  static constexpr Matrix<4, 5> AT = {
      {{1, 1, 1, 1, 0}, {0, 1, -1, 2, 0}, {0, 1, 1, 4, 0}, {0, 1, -1, 8, 1}}};
};

// Whether the formula above holds for every d and g, but for the rounding of G.
template <int m>
constexpr bool is_convolution() {
  for (int p = 0; p < m; ++p)
    for (int j = 0; j <= m; ++j)
      for (int r = 0; r < 2; ++r) {
        double sum = j == p + r ? -1 : 0;
        for (int i = 0; i <= m; ++i)
          sum += double(F<m>::AT.at[p][i]) * double(F<m>::BT.at[i][j]) * double(F<m>::G.at[i][r]);
        if (sum > 1e-6 || sum < -1e-6) return false;
      }
  return true;
}
static_assert(is_convolution<2>() && is_convolution<4>());

}  // namespace dagan::cpu::winograd
