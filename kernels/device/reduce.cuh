// Sums whose order is fixed by the shape: over all elements, and over the pixels of each channel.
// Both take two launches: blocks write what they summed in f32, then few threads add that in f64.
#pragma once
#include <algorithm>

#include "core/host_device.h"
#include "kernels/device/elements.cuh"

namespace dagan::gpu::inline DAGAN_BACKEND {

// The sum over a whole block of kThreads, valid in its first thread. `T` is float or double.
template <int kThreads, class T>
GPU_DEVICE T block_sum(T value) {
  static_assert(kThreads % 32 == 0);
  for (int by = 16; by > 0; by /= 2) value += __shfl_down_sync(~0u, value, by);
  GPU_SHARED(T, s_warps, [kThreads / 32]);
  if (threadIdx.x % 32 == 0) s_warps[threadIdx.x / 32] = value;
  __syncthreads();
  for (int i = 1; threadIdx.x == 0 && i < kThreads / 32; ++i) value += s_warps[i];
  return value;
}

// How sums over pixels are laid out. Block (i, j) has the i-th `block_pixels` pixels of the j-th
// tile of channels; its thread (x, y) has V neighbouring channels, the tile's x-th, of every
// blockDim.y-th of those pixels. Where nothing is a slice, a warp reads memory without a gap.
struct Tiling {
  unsigned pixels = 0, channels = 0, block_pixels = 0;

  DAGAN_HOST_DEVICE unsigned blocks() const { return (pixels + block_pixels - 1) / block_pixels; }
  DAGAN_HOST_DEVICE unsigned pixels_of(unsigned block) const {
    return std::min(block_pixels, pixels - block * block_pixels);
  }
};

inline constexpr int kUnroll = 4;
template <int V>
inline constexpr int kTileThreads = V == 1 ? 512 : 256;

template <int V>
struct Column {
  unsigned channel;          // the first of V
  unsigned first, end, row;  // pixels of the block, and the first one of the thread
  bool active;               // false beyond the last channel: such a thread has no pixels

  GPU_DEVICE explicit Column(Tiling t) {
    channel = (blockIdx.y * blockDim.x + threadIdx.x) * V;
    active = channel < t.channels;
    first = blockIdx.x * t.block_pixels;
    end = first + t.pixels_of(blockIdx.x);
    row = active ? first + threadIdx.y : end;
  }

  // Pixels from one chunk of kUnroll to the next.
  GPU_DEVICE unsigned step() const { return kUnroll * blockDim.y; }
  GPU_DEVICE unsigned pixel(unsigned chunk, int u) const {
    return chunk + unsigned(u) * blockDim.y;
  }

  // The chunk that begins at a pixel; 0 where the block has none. All its loads are under way at
  // once: that is what the single test of the type is for.
  GPU_DEVICE void read(const View& view, unsigned chunk, Vec<float, V> (&r)[kUnroll]) const {
    for (int u = 0; u < kUnroll; ++u) r[u] = {};
    if (view.dtype == DType::f32) {
      const auto* data = static_cast<const float*>(view.data);
      for (int u = 0; u < kUnroll; ++u)
        if (pixel(chunk, u) < end)
          r[u] = load<float, V>(data + offset(view, pixel(chunk, u), channel));
      return;
    }
    const auto* data = static_cast<const bf16*>(view.data);
    for (int u = 0; u < kUnroll; ++u) {
      if (pixel(chunk, u) >= end) continue;
      const auto stored = load<bf16, V>(data + offset(view, pixel(chunk, u), channel));
      for (int i = 0; i < V; ++i) r[u][i] = float(stored[i]);
    }
  }

  GPU_DEVICE void write(const View& view, unsigned chunk, const Vec<float, V> (&r)[kUnroll],
                        Write how) const {
    for (int u = 0; u < kUnroll; ++u)
      if (pixel(chunk, u) < end)
        gpu::write(view, offset(view, pixel(chunk, u), channel), r[u], how);
  }

  // V values of a vector over the channels, which may lie at any float.
  GPU_DEVICE Vec<float, V> parameters(const float* g_values) const {
    Vec<float, V> r = {};
    if (!active) return r;
    if (reinterpret_cast<std::uintptr_t>(g_values + channel) % sizeof r == 0)
      return load<float, V>(g_values + channel);
    for (int i = 0; i < V; ++i) r[i] = g_values[channel + i];
    return r;
  }

  // K vectors over the channels, of this block: g_partial (blocks, K, channels).
  template <int K>
  GPU_DEVICE void store_partial(Tiling t, const Vec<float, V> (&r)[K], float* g_partial) const {
    if (threadIdx.y > 0 || !active) return;
    for (int k = 0; k < K; ++k)
      store(g_partial + (blockIdx.x * K + k) * std::int64_t(t.channels) + channel, r[k]);
  }
};

// The sums over the rows of a block, K for each column: valid in the first row, in every row if
// kShared. For one call in a kernel: the next one would write what this one still reads.
template <bool kShared = false, int K, int V>
GPU_DEVICE void sum_rows(Vec<float, V> (&r)[K]) {
  GPU_SHARED(float, s_sums, [K * kTileThreads<V> * V]);
  const unsigned thread = threadIdx.y * blockDim.x + threadIdx.x;
  const auto at = [&](int k, unsigned i) {
    return s_sums + (unsigned(k) * kTileThreads<V> + i) * V;
  };
  for (int k = 0; k < K; ++k) store(at(k, thread), r[k]);
  for (unsigned rows = blockDim.y; rows > 1;) {
    const unsigned half = (rows + 1) / 2;
    __syncthreads();
    if (threadIdx.y + half < rows) {
      for (int k = 0; k < K; ++k) {
        const auto other = load<float, V>(at(k, thread + half * blockDim.x));
        for (int i = 0; i < V; ++i) r[k][i] += other[i];
        store(at(k, thread), r[k]);
      }
    }
    rows = half;
  }
  if constexpr (kShared) {
    __syncthreads();
    for (int k = 0; k < K; ++k) r[k] = load<float, V>(at(k, threadIdx.x));
  }
}

// The second launch: blocks of kCombineChannels (x) by kCombineRows (y).
inline constexpr int kCombineChannels = 8, kCombineRows = 32, kCombineThreads = 256;

// The sums of term(block, k) over all blocks, K of them for each column: every thread receives
// them. For one call in a kernel with the same type of `term`.
template <int K, class F>
GPU_DEVICE void sum_partials(Tiling t, double (&sums)[K], F term) {
  const unsigned blocks = t.blocks();
  GPU_SHARED(double, s_sums, [K][kCombineRows][kCombineChannels]);
  const int x = int(threadIdx.x), y = int(threadIdx.y);
  for (int k = 0; k < K; ++k) sums[k] = 0;
  for (unsigned block = threadIdx.y; block < blocks; block += kCombineRows)
    for (int k = 0; k < K; ++k) sums[k] += term(block, k);
  for (int k = 0; k < K; ++k) s_sums[k][y][x] = sums[k];
  for (int half = kCombineRows / 2; half > 0; half /= 2) {
    __syncthreads();
    for (int k = 0; y < half && k < K; ++k) s_sums[k][y][x] += s_sums[k][y + half][x];
  }
  __syncthreads();
  for (int k = 0; k < K; ++k) sums[k] = s_sums[k][0][x];
}

// The host's side. The cut into blocks depends on the shape alone, so that scratch memory is known
// before pointers are: at least 4096 elements a block, and about `most` blocks.
inline constexpr std::int64_t kSumBlocks = 512, kApplyBlocks = 2048;

inline std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

inline Tiling tiling(Shape shape, std::int64_t most) {
  require(shape.size() < (std::int64_t(1) << 31), "gpu", shape, "has 2^31 elements or more");
  constexpr std::int64_t kElements = 4096, kWide = 256;
  const std::int64_t tiles = ceil_div(shape.c, kWide),
                     blocks = std::max(most / tiles, std::int64_t(1));
  const std::int64_t pixels =
      std::max(ceil_div(kElements, std::min(shape.c, kWide)), ceil_div(shape.pixels(), blocks));
  // A multiple of 8: blocks of f32 then begin at whole sectors of 32 bytes.
  return {unsigned(shape.pixels()), unsigned(shape.c), unsigned(ceil_div(pixels, 8) * 8)};
}

inline Grid tile_grid(Tiling t, int vector) {
  constexpr std::int64_t kMostColumns = 64, kThreads = 256;
  const std::int64_t vectors = t.channels / unsigned(vector);
  const std::int64_t tiles = ceil_div(vectors, kMostColumns), columns = ceil_div(vectors, tiles);
  // Single floats: 8 rows keep a warp at whole sectors, whatever the number of channels.
  const std::int64_t rows =
      vector == 1 ? std::max(kThreads / columns / 8 * 8, std::int64_t(8)) : kThreads / columns;
  return {.blocks = {t.blocks(), tiles},
          .threads = {columns, std::min<std::int64_t>(rows, t.pixels)}};
}

inline Grid combine_grid(Tiling t) {
  return {.blocks = {ceil_div(t.channels, kCombineChannels)},
          .threads = {kCombineChannels, kCombineRows}};
}

}  // namespace dagan::gpu::inline DAGAN_BACKEND
