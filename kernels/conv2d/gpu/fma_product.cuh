// What one warp does with a tile of A and a tile of B, in exact f32: each thread multiplies 4 or 8
// rows by 4 or 8 columns.
#pragma once
#include "kernels/conv2d/gpu/launch.cuh"

namespace dagan::DAGAN_BACKEND::implicit_gemm {

// The 32 lanes are 4 x 8. A row tile gives a thread every fourth row (eighth column), a depth tile
// four neighbours, so that each load moves 16 bytes, and lanes side by side read banks side by
// side.
template <class Tile, class LayoutA, class LayoutB>
class FmaProduct {
 public:
  static constexpr int kRows = Tile::kWarpM / 4, kColumns = Tile::kWarpN / 8;  // of a thread
  static constexpr int kPieces = kRows / 4;  // of 16 rows of the warp
  static_assert(kRows % 4 == 0 && kColumns % 4 == 0);

  GPU_DEVICE FmaProduct() {
    for (int i = 0; i < kRows; ++i)
      for (int j = 0; j < kColumns; ++j) r_sum_[i][j] = 0;
  }

  GPU_DEVICE void add(const unsigned char* s_a, const unsigned char* s_b) {
#pragma unroll 1
    for (int d = 0; d < kDepth<float>; d += 4) {
      if constexpr (LayoutA::kAlongDepth) {
        Vec<float, 4> r_a[kRows];
#pragma unroll
        for (int i = 0; i < kRows; ++i) {
          r_a[i] = load4(s_a + LayoutA::chunk(place_.row + row_ + 4 * i, d / 4));
        }
        if constexpr (LayoutB::kAlongDepth) {
          add_along(r_a, s_b, d);
        } else {
          add_across(r_a, s_b, d);
        }
      } else {
        add_outer(s_a, s_b, d);
      }
    }
  }

  // Rows 16 i to 16 i + 15 of the warp's part.
  GPU_DEVICE void put(int piece, float* s_to, int pitch) const {
#pragma unroll
    for (int i = 0; i < kRows; ++i) {
      if (i / 4 != piece) continue;
      float* s_row = s_to + (LayoutA::kAlongDepth ? row_ + 4 * (i % 4) : 4 * row_ + i % 4) * pitch;
#pragma unroll
      for (int j = 0; j < kColumns; ++j) {
        if constexpr (LayoutB::kAlongDepth) {
          s_row[column_ + 8 * j] = r_sum_[i][j];
        } else if (j % 4 == 0) {
          gpu::store(
              s_row + 4 * column_ + 8 * j,
              Vec<float, 4>{r_sum_[i][j], r_sum_[i][j + 1], r_sum_[i][j + 2], r_sum_[i][j + 3]});
        }
      }
    }
  }

 private:
  static GPU_DEVICE Vec<float, 4> load4(const unsigned char* s_from) {
    return gpu::load<float, 4>(reinterpret_cast<const float*>(s_from));
  }
  GPU_DEVICE Vec<float, 4> load_column(const unsigned char* s_b, int depth, int j) const {
    return load4(s_b + LayoutB::chunk(depth, place_.column / 4 + column_ + 8 * j));
  }

  GPU_DEVICE void add_along(const Vec<float, 4> (&r_a)[kRows], const unsigned char* s_b, int d) {
#pragma unroll
    for (int j = 0; j < kColumns; ++j) {
      const auto r_b = load4(s_b + LayoutB::chunk(place_.column + column_ + 8 * j, d / 4));
#pragma unroll
      for (int e = 0; e < 4; ++e)
#pragma unroll
        for (int i = 0; i < kRows; ++i) {
          r_sum_[i][j] = fmaf(r_a[i][e], r_b[e], r_sum_[i][j]);
        }
    }
  }

  GPU_DEVICE void add_across(const Vec<float, 4> (&r_a)[kRows], const unsigned char* s_b, int d) {
#pragma unroll
    for (int e = 0; e < 4; ++e)
#pragma unroll
      for (int j = 0; j < kColumns / 4; ++j) {
        const auto r_b = load_column(s_b, d + e, j);
#pragma unroll
        for (int i = 0; i < kRows; ++i)
#pragma unroll
          for (int l = 0; l < 4; ++l) {
            r_sum_[i][4 * j + l] = fmaf(r_a[i][e], r_b[l], r_sum_[i][4 * j + l]);
          }
      }
  }

  GPU_DEVICE void add_outer(const unsigned char* s_a, const unsigned char* s_b, int d) {
#pragma unroll
    for (int e = 0; e < 4; ++e) {
      Vec<float, 4> r_a[kRows / 4];
#pragma unroll
      for (int i = 0; i < kRows / 4; ++i) {
        r_a[i] = load4(s_a + LayoutA::chunk(d + e, place_.row / 4 + row_ + 4 * i));
      }
#pragma unroll
      for (int j = 0; j < kColumns / 4; ++j) {
        const auto r_b = load_column(s_b, d + e, j);
#pragma unroll
        for (int i = 0; i < kRows; ++i)
#pragma unroll
          for (int l = 0; l < 4; ++l) {
            r_sum_[i][4 * j + l] = fmaf(r_a[i / 4][i % 4], r_b[l], r_sum_[i][4 * j + l]);
          }
      }
    }
  }

  Place<Tile> place_;
  // Eight lanes in a row read two places of A and four of B: as few 16-byte words as can be.
  int row_ = (place_.lane & 1) + (place_.lane >> 4) * 2, column_ = place_.lane >> 1 & 7;
  float r_sum_[kRows][kColumns];
};

template <class Pass, class Tile, int kElements>
GPU_KERNEL(Tile::kThreads, 192)
conv2d_implicit_gemm(Problem g) {
  multiply<Pass, Tile, float, float, kElements, FmaProduct>(g);
}

struct Fma {
  static constexpr DType kOperands = DType::f32;

  template <class Pass>
  static void start(const Launch& launch, const Problem& g, bool aligned) {
    using Large = Tile<128, 128, 4, 2>;
    using Square = Tile<64, 64, 2, 2>;
    using Narrow = Tile<128, 32, 4, 1>;
    using Flat = Tile<32, 64, 1, 2>;
    using Unaligned = Tile<64, 32, 4, 1>;
    constexpr std::int64_t kBlocks = 132;
    if (!aligned) {
      gpu::launch(launch, grid<Pass, Unaligned>(g), conv2d_implicit_gemm<Pass, Unaligned, 1>, g);
    } else if (Pass::columns_of(g) <= 32) {
      gpu::launch(launch, grid<Pass, Narrow>(g), conv2d_implicit_gemm<Pass, Narrow, 4>, g);
    } else if (Pass::most_rows(g) <= 32) {
      gpu::launch(launch, grid<Pass, Flat>(g), conv2d_implicit_gemm<Pass, Flat, 4>, g);
    } else if (tiles<Pass, Large>(g) >= kBlocks) {
      gpu::launch(launch, grid<Pass, Large>(g), conv2d_implicit_gemm<Pass, Large, 4>, g);
    } else {
      gpu::launch(launch, grid<Pass, Square>(g), conv2d_implicit_gemm<Pass, Square, 4>, g);
    }
  }
};

}  // namespace dagan::DAGAN_BACKEND::implicit_gemm
