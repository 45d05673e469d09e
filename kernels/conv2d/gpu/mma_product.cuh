// What one warp does with a tile of A and a tile of B on tensor cores: bf16 operands, or f32 ones
// rounded to tf32; sums in f32.
#pragma once
#include "kernels/conv2d/gpu/launch.cuh"

namespace dagan::DAGAN_BACKEND::implicit_gemm {

template <class Tile, class LayoutA, class LayoutB>
class MmaProduct {
 public:
  GPU_DEVICE MmaProduct() {
    for (int i = 0; i < kRows; ++i)
      for (int j = 0; j < kColumns; ++j)
        for (float& r : r_sum_[i][j]) r = 0;
  }

  GPU_DEVICE void add(const unsigned char* s_a, const unsigned char* s_b) {
#pragma unroll kBf16 ? 2 : 1
    for (int chunk = 0; chunk < 4; chunk += 2) {  // one instruction takes 32 bytes of the depth
      unsigned r_a[kRows][4];
#pragma unroll
      for (int i = 0; i < kRows; ++i) load_a(r_a[i], s_a, place_.row + 16 * i, chunk);
#pragma unroll
      for (int j = 0; j < kColumns; j += 2) {
        unsigned r_b[2][2];
        load_b(r_b, s_b, place_.column + 8 * j, chunk);
#pragma unroll
        for (int i = 0; i < kRows; ++i) {
          multiply_add(r_sum_[i][j], r_a[i], r_b[0]);
          multiply_add(r_sum_[i][j + 1], r_a[i], r_b[1]);
        }
      }
    }
  }

  // Rows 16 i to 16 i + 15 of the warp's part.
  GPU_DEVICE void put(int piece, float* s_to, int pitch) const {
    float* s_row = s_to + place_.lane / 4 * pitch + place_.lane % 4 * 2;
#pragma unroll
    for (int i = 0; i < kRows; ++i) {
      if (i != piece) continue;
#pragma unroll
      for (int j = 0; j < kColumns; ++j) {
        gpu::store(s_row + 8 * j, Vec<float, 2>{r_sum_[i][j][0], r_sum_[i][j][1]});
        gpu::store(s_row + 8 * pitch + 8 * j, Vec<float, 2>{r_sum_[i][j][2], r_sum_[i][j][3]});
      }
    }
  }

 private:
  using T = typename LayoutA::Element;
  static constexpr bool kBf16 = sizeof(T) == 2;
  static constexpr int kRows = Tile::kWarpM / 16, kColumns = Tile::kWarpN / 8;  // of instructions
  static_assert(kColumns % 2 == 0);

  static GPU_DEVICE void multiply_add(float (&r_d)[4], const unsigned (&r_a)[4],
                                      const unsigned (&r_b)[2]) {
    if constexpr (kBf16) {
      gpu::mma_bf16(r_d, r_a, r_b);
    } else {
      gpu::mma_tf32(r_d, r_a, r_b);
    }
  }

  static GPU_DEVICE unsigned rounded(unsigned bits) {
    return kBf16 ? bits : gpu::to_tf32(__uint_as_float(bits));
  }
  static GPU_DEVICE unsigned f32_at(const unsigned char* s_tile, int offset) {
    return gpu::to_tf32(*reinterpret_cast<const float*>(s_tile + offset));
  }

  // 16 rows by 32 bytes of depth. A matrix of 8 x 8 numbers of 16 bits is one of 8 x 4 of 32 bits
  // too, unless it is transposed.
  GPU_DEVICE void load_a(unsigned (&r_a)[4], const unsigned char* s_a, int row, int chunk) const {
    const int lane = place_.lane, matrix = lane / 8;
    if constexpr (LayoutA::kAlongDepth) {
      gpu::load_matrices(r_a, s_a + LayoutA::chunk(row + lane % 16, chunk + lane / 16));
      for (unsigned& r : r_a) r = rounded(r);
    } else if constexpr (kBf16) {
      const int depth = chunk * 8 + lane % 8 + matrix / 2 * 8;
      gpu::load_matrices_transposed(r_a, s_a + LayoutA::chunk(depth, row / 8 + matrix % 2));
    } else {
      const int depth = chunk * 4 + lane % 4, column = row + lane / 4;
      for (int i = 0; i < 4; ++i) {
        r_a[i] = f32_at(s_a, LayoutA::element(depth + i / 2 * 4, column + i % 2 * 8));
      }
    }
  }

  // 32 bytes of depth by 2 x 8 columns.
  GPU_DEVICE void load_b(unsigned (&r_b)[2][2], const unsigned char* s_b, int column,
                         int chunk) const {
    const int lane = place_.lane, matrix = lane / 8;
    unsigned r[4];
    if constexpr (LayoutB::kAlongDepth) {
      const int row = column + lane % 8 + matrix / 2 * 8;
      gpu::load_matrices(r, s_b + LayoutB::chunk(row, chunk + matrix % 2));
      for (unsigned& bits : r) bits = rounded(bits);
    } else if constexpr (kBf16) {
      const int depth = chunk * 8 + lane % 8 + matrix % 2 * 8;
      gpu::load_matrices_transposed(r, s_b + LayoutB::chunk(depth, column / 8 + matrix / 2));
    } else {
      const int depth = chunk * 4 + lane % 4;
      for (int i = 0; i < 4; ++i) {
        r[i] = f32_at(s_b, LayoutB::element(depth + i % 2 * 4, column + lane / 4 + i / 2 * 8));
      }
    }
    for (int i = 0; i < 4; ++i) r_b[i / 2][i % 2] = r[i];
  }

  Place<Tile> place_;
  float r_sum_[kRows][kColumns][4];
};

// T: bf16, or float to be rounded to tf32.
template <class Pass, class Tile, class T, int kElements>
GPU_KERNEL(Tile::kThreads, 128)
conv2d_implicit_gemm_mma(Problem g) {
  multiply<Pass, Tile, T, typename Pass::template Out<T>, kElements, MmaProduct>(g);
}

template <class T>
struct TensorCores {
  static constexpr DType kOperands = sizeof(T) == 2 ? DType::bf16 : DType::f32;

  template <class Pass>
  static void start(const Launch& launch, const Problem& g, bool aligned) {
    constexpr bool kNarrow = sizeof(T) == 4;  // fragments of f32 take more instructions to load
    using Large = Tile<128, kNarrow ? 64 : 128, kNarrow ? 4 : 2, kNarrow ? 2 : 4>;
    using Square = Tile<64, 64, 2, 2>;
    using Narrow = Tile<128, 32, 4, 1>;
    using Unaligned = Tile<64, 64, 4, 2>;
    constexpr int kElements = 16 / int(sizeof(T));
    constexpr std::int64_t kBlocks = 132;
    if (!aligned) {
      gpu::launch(launch, grid<Pass, Unaligned>(g), conv2d_implicit_gemm_mma<Pass, Unaligned, T, 1>,
                  g);
    } else if (Pass::columns_of(g) <= 32) {
      gpu::launch(launch, grid<Pass, Narrow>(g),
                  conv2d_implicit_gemm_mma<Pass, Narrow, T, kElements>, g);
    } else if (tiles<Pass, Large>(g) >= kBlocks) {
      gpu::launch(launch, grid<Pass, Large>(g), conv2d_implicit_gemm_mma<Pass, Large, T, kElements>,
                  g);
    } else {
      gpu::launch(launch, grid<Pass, Square>(g),
                  conv2d_implicit_gemm_mma<Pass, Square, T, kElements>, g);
    }
  }
};

}  // namespace dagan::DAGAN_BACKEND::implicit_gemm
