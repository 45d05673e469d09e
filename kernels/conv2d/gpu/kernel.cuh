// The kernel: a block sums one tile of the output over its part of the depth.
#pragma once
#include "kernels/conv2d/gpu/passes.cuh"

namespace dagan::DAGAN_BACKEND::implicit_gemm {

// Tiles of the depth under way: one is read while the others are copied.
constexpr int kStages = 4;

template <class Tile>
constexpr int kStagePitch = Tile::kWarpN + 8;  // floats; no two of four neighbouring rows in a bank

template <class Tile>
constexpr int kSharedBytes = kStages * 64 * (Tile::kM + Tile::kN);

// Sets or adds kWide neighbours, or those of them that are inside.
template <class T, int kWide>
GPU_DEVICE void put(T* g_to, const Vec<float, kWide>& r_values, int inside, bool wide, bool add) {
  if (wide && inside >= kWide) {
    Vec<T, kWide> r_result;
    if (add) r_result = gpu::load<T, kWide>(g_to);
    for (int e = 0; e < kWide; ++e) {
      r_result[e] = T(add ? float(r_result[e]) + r_values[e] : r_values[e]);
    }
    gpu::store(g_to, r_result);
    return;
  }
  for (int e = 0; e < kWide; ++e) {
    if (e < inside) g_to[e] = T(add ? float(g_to[e]) + r_values[e] : r_values[e]);
  }
}

// Where results go: the output, or the sums of one split.
template <class T>
struct Target {
  T* to;
  int pitch;
  const float* bias;  // or null
  bool wide, add;
};

// Writes the 16 rows of a piece that a warp has put into shared memory.
template <class Tile, class T, class Pass>
GPU_DEVICE void write_piece(const Target<T>& target, const Pass& pass, const float* s_piece,
                            int first_row, int first_column) {
  constexpr int kWide = 16 / int(sizeof(T)), kVectors = Tile::kWarpN / kWide;
  for (int i = int(threadIdx.x) % 32; i < 16 * kVectors; i += 32) {
    const int row = i / kVectors, column = i % kVectors * kWide;
    const int m = first_row + row, n = first_column + column;
    if (m >= pass.rows || n >= pass.columns) continue;
    const int inside = pass.columns - n;
    Vec<float, kWide> r;
    for (int e = 0; e < kWide; e += 4) {
      const auto r_four = gpu::load<float, 4>(s_piece + row * kStagePitch<Tile> + column + e);
      for (int l = 0; l < 4; ++l) r[e + l] = r_four[l];
    }
    if (target.bias != nullptr) {
      for (int e = 0; e < kWide; ++e)
        if (e < inside) r[e] += target.bias[n + e];
    }
    put(target.to + pass.output_row(m) * target.pitch + n, r, inside, target.wide, target.add);
  }
}

// T: what the operands are, kElements of them moved by one copy. Product: what a warp does with a
// tile, FmaProduct or MmaProduct. Out: what the output is.
template <class Pass, class Tile, class T, class Out, int kElements,
          template <class, class, class> class Product>
GPU_DEVICE void multiply(const Problem& g) {
  using A = typename Pass::template A<T, Tile, kElements>;
  using B = typename Pass::template B<T, Tile, kElements>;
  const int split = int(blockIdx.z) % g.splits;
  const Pass pass(g, int(blockIdx.z) / g.splits);
  const int first_row = int(blockIdx.x) * Tile::kM, first_column = int(blockIdx.y) * Tile::kN;
  if (first_row >= pass.rows) return;

  const int all = (pass.depth + kDepth<T> - 1) / kDepth<T>;
  const int each = (all + g.splits - 1) / g.splits, first = split * each;
  const int tiles = all - first < each ? all - first : each;  // may be negative: none
  A a(pass.a, first_row, first * kDepth<T>);
  B b(pass.b, first_column, first * kDepth<T>);
  Product<Tile, typename A::Layout, typename B::Layout> product;

  constexpr int kTileA = 64 * Tile::kM, kTileB = 64 * Tile::kN;
  auto* const s_a = gpu::dynamic_shared<unsigned char>();
  auto* const s_b = s_a + kStages * kTileA;
  const auto copy_next = [&](int tile) {
    if (tile < tiles) {
      a.copy_tile(s_a + tile % kStages * kTileA);
      b.copy_tile(s_b + tile % kStages * kTileB);
    }
    gpu::commit_copies();
  };
  for (int tile = 0; tile < kStages - 1; ++tile) copy_next(tile);
#pragma unroll 1
  for (int tile = 0; tile < tiles; ++tile) {
    gpu::wait_copies<kStages - 2>();
    __syncthreads();  // this tile is there for all; all have read the one that is replaced next
    copy_next(tile + kStages - 1);
    product.add(s_a + tile % kStages * kTileA, s_b + tile % kStages * kTileB);
  }

  __syncthreads();  // the tiles have been read: their memory takes the results
  constexpr int kPiece = 16 * kStagePitch<Tile>;
  static_assert(kPiece * int(sizeof(float)) * Tile::kThreads / 32 <= kSharedBytes<Tile>);
  auto* const s_piece = reinterpret_cast<float*>(s_a) + int(threadIdx.x) / 32 * kPiece;
  const Place<Tile> place;
#pragma unroll
  for (int i = 0; i < Tile::kWarpM / 16; ++i) {
    product.put(i, s_piece, kStagePitch<Tile>);
    __syncwarp();
    const int row = first_row + place.row + 16 * i, column = first_column + place.column;
    if (g.partial == nullptr) {
      const Target<Out> target = {static_cast<Out*>(g.out), g.out_pitch, g.bias, g.wide,
                                  g.accumulate};
      write_piece<Tile>(target, pass, s_piece, row, column);
    } else {
      const Target<float> target = {g.partial + split * Pass::output_rows(g) * pass.columns,
                                    pass.columns, nullptr, pass.columns % 4 == 0, false};
      write_piece<Tile>(target, pass, s_piece, row, column);
    }
    __syncwarp();
  }
}

}  // namespace dagan::DAGAN_BACKEND::implicit_gemm
