// How operands lie in shared memory: tiles in chunks of 16 bytes, whose places in a row are
// exchanged so that neither the copies into a tile nor the reads of a product have bank conflicts.
#pragma once
#include "core/bf16.h"
#include "kernels/device/gpu.h"

namespace dagan::DAGAN_BACKEND::implicit_gemm {

using gpu::Vec;

constexpr int kChunk = 16;  // bytes

// Steps of the depth in one tile: 64 bytes of them.
template <class T>
constexpr int kDepth = 64 / int(sizeof(T));

// A row is one row of A, or one column of B: 64 bytes along the depth. Eight neighbours lie in
// different banks wherever they are read at the same chunk.
template <class T>
struct RowTile {
  using Element = T;
  static constexpr bool kAlongDepth = true;
  static constexpr int kRowBytes = 64;

  static GPU_DEVICE int chunk(int row, int chunk) {
    return row * kRowBytes + (chunk ^ (row >> 1 & 3)) * kChunk;
  }
  static GPU_DEVICE int element(int row, int depth) {
    const int byte = depth * int(sizeof(T));
    return chunk(row, byte / kChunk) + byte % kChunk;
  }
};

// A row is one step of the depth: kWidth rows of A, or columns of B, along it. f32: the four
// neighbours of a column that a fragment of mma_tf32 takes lie in different banks; bf16: the eight
// rows of a matrix do.
template <class T, int kWidth>
struct DepthTile {
  using Element = T;
  static constexpr bool kAlongDepth = false;
  static constexpr int kRowBytes = kWidth * int(sizeof(T));
  static_assert(kRowBytes >= 64);

  static GPU_DEVICE int chunk(int depth, int chunk) {
    const int exchange = kRowBytes == 64  ? depth >> 1 & 3
                         : sizeof(T) == 4 ? (depth & 3) << 1
                                          : depth & 7;
    return depth * kRowBytes + (chunk ^ exchange) * kChunk;
  }
  static GPU_DEVICE int element(int depth, int column) {
    const int byte = column * int(sizeof(T));
    return chunk(depth, byte / kChunk) + byte % kChunk;
  }
};

// What a block computes: kM x kN results by kWarpsM x kWarpsN warps.
template <int kM_, int kN_, int kWarpsM_, int kWarpsN_>
struct Tile {
  static constexpr int kM = kM_, kN = kN_, kWarpsM = kWarpsM_, kWarpsN = kWarpsN_;
  static constexpr int kThreads = 32 * kWarpsM * kWarpsN;
  static constexpr int kWarpM = kM / kWarpsM, kWarpN = kN / kWarpsN;  // what a warp computes
};

// Where this thread's warp computes in the tile of its block.
template <class Tile>
struct Place {
  int lane = int(threadIdx.x) % 32;
  int row = int(threadIdx.x) / 32 % Tile::kWarpsM * Tile::kWarpM;
  int column = int(threadIdx.x) / 32 / Tile::kWarpsM * Tile::kWarpN;
};

// A number whose digits run by a fixed step, with no division on the way: (r,s,c) of a filter or
// (n,p,q) of the pixels, the last of which is the fastest.
struct Digits {
  int high, middle, low;
  int high_step, middle_step, low_step, middles, lows;

  GPU_DEVICE Digits(int start, int step, int middles_, int lows_)
      : middles(middles_ > 0 ? middles_ : 1), lows(lows_) {
    low = start % lows, middle = start / lows % middles, high = start / lows / middles;
    low_step = step % lows, middle_step = step / lows % middles;
    high_step = step / lows / middles;
  }
  GPU_DEVICE void advance() {
    low += low_step, middle += middle_step, high += high_step;
    if (low >= lows) low -= lows, ++middle;
    if (middle >= middles) middle -= middles, ++high;
  }
};

}  // namespace dagan::DAGAN_BACKEND::implicit_gemm
