#include "kernels/device/elements.cuh"
#include "kernels/device/reduce.cuh"
#include "kernels/residual/residual.h"

namespace dagan::DAGAN_BACKEND {
namespace {

using gpu::Vec;

// --- pooled_residual: the residual of every pixel, then sums over windows

constexpr unsigned kPixels = 256;  // of a block, one a thread

GPU_DEVICE float squared_difference(const View& x, const View& y, unsigned pixel, unsigned c) {
  const float difference =
      gpu::read<1>(x, gpu::offset(x, pixel, c))[0] - gpu::read<1>(y, gpu::offset(y, pixel, c))[0];
  return difference * difference;
}

// Squares go through shared memory, kChannels of each pixel at a time, so that a warp reads
// neighbours. kChannels is odd: the threads that add them up then use every bank.
template <int kChannels>
GPU_KERNEL(kPixels, 40)
squared_residual_kernel(View x, View y, float* g_residual) {
  GPU_SHARED(float, s_squares, [kPixels * kChannels]);
  const auto all = unsigned(x.shape.pixels()), channels = unsigned(x.shape.c);
  const unsigned first = blockIdx.x * kPixels,
                 pixels = all - first < kPixels ? all - first : kPixels;
  float sum = 0;
  for (unsigned begin = 0; begin < channels; begin += kChannels) {
    const unsigned count = channels - begin < kChannels ? channels - begin : kChannels;
    for (unsigned i = threadIdx.x; i < pixels * count; i += kPixels) {
      const unsigned pixel = i / count, c = i % count;
      s_squares[pixel * kChannels + c] = squared_difference(x, y, first + pixel, begin + c);
    }
    __syncthreads();
    if (threadIdx.x < pixels) {
      for (unsigned c = 0; c < count; ++c) sum += s_squares[threadIdx.x * kChannels + c];
    }
    __syncthreads();
  }
  if (threadIdx.x < pixels) g_residual[first + threadIdx.x] = sum;
}

GPU_KERNEL(kPixels, 24) squared_residual_one_channel_kernel(View x, View y, float* g_residual) {
  const unsigned pixel = blockIdx.x * kPixels + threadIdx.x;
  if (pixel < x.shape.pixels()) g_residual[pixel] = squared_difference(x, y, pixel, 0);
}

// A block has kTileH x kTileW pixels of a map. It sums the rows of their windows for kSpan columns
// at a time, then each thread adds those that its window has. A span begins at a multiple of 8.
constexpr int kTileH = 4, kTileW = 64, kSpan = 128;

struct Window {
  int height, width, radius, tiles_down, tiles_along;
  float scale;
};

GPU_KERNEL(kTileH* kTileW, 48)
window_mean_kernel(Window g, const float* g_residual, float* g_map) {
  GPU_SHARED(float, s_rows, [kTileH][kSpan]);
  const int tile = int(blockIdx.x), per_map = g.tiles_down * g.tiles_along;
  const int h = tile % per_map / g.tiles_along * kTileH + int(threadIdx.y);
  const int left = tile % g.tiles_along * kTileW, w = left + int(threadIdx.x);
  const std::int64_t map = std::int64_t(tile / per_map) * g.height * g.width;
  const int top = h < g.radius ? 0 : h - g.radius;
  const int bottom = h < g.height - g.radius ? h + g.radius + 1 : h < g.height ? g.height : top;
  const int begin = left < g.radius ? 0 : (left - g.radius) / 8 * 8;
  const int right = left + kTileW < g.width - g.radius ? left + kTileW + g.radius : g.width;
  float sum = 0;
  for (int span = begin; span < right; span += kSpan) {
    for (int j = int(threadIdx.x); j < kSpan && span + j < right; j += kTileW) {
      float rows = 0;
      for (int i = top; i < bottom; ++i) rows += g_residual[map + i * g.width + span + j];
      s_rows[threadIdx.y][j] = rows;
    }
    __syncthreads();
    const int low = w - g.radius > span ? w - g.radius : span;
    int high = w < right - g.radius ? w + g.radius + 1 : right;
    if (high > span + kSpan) high = span + kSpan;
    for (int j = low; j < high; ++j) sum += s_rows[threadIdx.y][j - span];
    __syncthreads();
  }
  if (h < g.height && w < g.width) g_map[map + h * g.width + w] = sum * g.scale;
}

// --- standardise

template <int V>
GPU_KERNEL(gpu::kElementThreads, 32)
standardise_kernel(const float* g_map, const float* g_mean, const float* g_spread, float* g_out,
                   unsigned pixels, unsigned count) {
  const unsigned step = gridDim.x * blockDim.x;
  for (unsigned i = blockIdx.x * blockDim.x + threadIdx.x; i < count; i += step) {
    const unsigned pixel = i * V % pixels;
    const auto mean = gpu::load<float, V>(g_mean + pixel);
    const auto spread = gpu::load<float, V>(g_spread + pixel);
    Vec<float, V> r = gpu::load<float, V>(g_map + i * V);
    for (int k = 0; k < V; ++k) r[k] = (r[k] - mean[k]) / spread[k];
    gpu::store(g_out + i * V, r);
  }
}

// --- top_mean: the k-th largest value of a map, found byte by byte, then the sum of what is larger

constexpr int kThreads = 512, kBins = 256;
constexpr int kCopies = 8;  // of the histogram: lanes that count the same byte meet less often

// f32 as integers in the same order, NaN largest.
GPU_DEVICE unsigned to_key(float value) {
  const unsigned bits = __float_as_uint(value);
  if (value != value) return ~0u;
  return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}
GPU_DEVICE float from_key(unsigned key) {
  return __uint_as_float(key & 0x80000000u ? key & 0x7fffffffu : ~key);
}

struct Digit {
  unsigned value;  // of the key that is looked for
  unsigned rank;   // of that key among those that share this digit: 1 is the largest
};

// From the histogram of a digit to the one of the key of rank `rank`. The first kBins threads take
// part, each with one bin, the largest first.
GPU_DEVICE Digit find_digit(const unsigned* s_counts, unsigned rank) {
  GPU_SHARED(unsigned, s_warps, [kBins / 32]);
  GPU_SHARED(Digit, s_found);
  const unsigned thread = threadIdx.x, lane = thread % 32, bin = kBins - 1 - thread;
  unsigned count = 0, total = 0;
  if (thread < kBins) {
    for (unsigned i = 0; i < kCopies; ++i)
      count += s_counts[bin * kCopies + (i + bin / (32 / kCopies)) % kCopies];
    total = count;
    for (int by = 1; by < 32; by *= 2) {
      const unsigned other = __shfl_up_sync(~0u, total, by);
      if (int(lane) >= by) total += other;
    }
    if (lane == 31) s_warps[thread / 32] = total;
  }
  __syncthreads();
  if (thread < kBins) {
    for (unsigned i = 0; i < thread / 32; ++i) total += s_warps[i];
    if (total - count < rank && rank <= total) s_found = {bin, rank - (total - count)};
  }
  __syncthreads();
  return s_found;
}

// A block has one map.
GPU_KERNEL(kThreads, 56)
top_mean_radix_select_kernel(const float* g_maps, unsigned pixels, unsigned top, float* g_scores) {
  GPU_SHARED(unsigned, s_counts, [kBins * kCopies]);
  const float* g_map = g_maps + std::int64_t(blockIdx.x) * pixels;
  unsigned prefix = 0, rank = top;  // the key's bytes so far; its rank among the keys with them
  for (int shift = 24; shift >= 0; shift -= 8) {
    for (unsigned i = threadIdx.x; i < kBins * kCopies; i += kThreads) s_counts[i] = 0;
    __syncthreads();
    for (unsigned i = threadIdx.x; i < pixels; i += kThreads) {
      const unsigned key = to_key(g_map[i]);
      if (shift == 24 || key >> (shift + 8) == prefix)
        atomicAdd(&s_counts[(key >> shift) % kBins * kCopies + threadIdx.x % kCopies], 1u);
    }
    __syncthreads();
    const Digit digit = find_digit(s_counts, rank);
    prefix = prefix << 8 | digit.value;
    rank = digit.rank;
  }
  double sum = 0;
  for (unsigned i = threadIdx.x; i < pixels; i += kThreads) {
    const float value = g_map[i];
    if (to_key(value) > prefix) sum += double(value);
  }
  sum = gpu::block_sum<kThreads>(sum);
  if (threadIdx.x == 0)
    g_scores[blockIdx.x] = float((sum + double(rank) * double(from_key(prefix))) / double(top));
}

}  // namespace

std::int64_t pooled_residual_scratch(Shape x) { return x.pixels() * 4; }

void pooled_residual(const Launch& launch, int radius, View x, View y, View map) {
  const Shape s = x.shape;
  constexpr std::int64_t kMost = std::int64_t(1) << 30;
  gpu::require(s.pixels() < kMost && radius < kMost, "pooled_residual", s,
               "has 2^30 pixels or more, or its window has");
  float* g_residual = reinterpret_cast<float*>(launch.scratch);
  const gpu::Grid grid = {.blocks = {(s.pixels() + kPixels - 1) / kPixels}, .threads = {kPixels}};
  gpu::launch(launch, grid,
              s.c == 1   ? squared_residual_one_channel_kernel
              : s.c <= 3 ? squared_residual_kernel<3>
                         : squared_residual_kernel<17>,
              x, y, g_residual);

  const std::int64_t down = (s.h + kTileH - 1) / kTileH, along = (s.w + kTileW - 1) / kTileW;
  const std::int64_t window = (2 * std::int64_t(radius) + 1) * (2 * std::int64_t(radius) + 1);
  const Window g = {int(s.h),  int(s.w),   radius,
                    int(down), int(along), 1.0f / (float(window) * float(s.c))};
  gpu::launch(launch, {.blocks = {s.n * down * along}, .threads = {kTileW, kTileH}},
              window_mean_kernel, g, g_residual, map.as<float>());
}

void standardise(const Launch& launch, View map, View mean, View spread, View out) {
  const std::int64_t pixels = map.shape.h * map.shape.w, size = map.shape.n * pixels;
  gpu::require(size < std::int64_t(1) << 31, "standardise", map.shape, "has 2^31 elements or more");
  bool wide = pixels % 4 == 0;
  for (const View& view : {map, mean, spread, out})
    wide = wide && reinterpret_cast<std::uintptr_t>(view.data) % 16 == 0;
  const std::int64_t count = wide ? size / 4 : size;
  gpu::launch(launch, {.blocks = {gpu::element_blocks(count)}, .threads = {gpu::kElementThreads}},
              wide ? standardise_kernel<4> : standardise_kernel<1>, map.as<float>(),
              mean.as<float>(), spread.as<float>(), out.as<float>(), unsigned(pixels),
              unsigned(count));
}

std::int64_t top_mean_scratch(Shape) { return 0; }

void top_mean(const Launch& launch, float fraction, View map, View scores) {
  const Shape s = map.shape;
  gpu::require(s.h * s.w < std::int64_t(1) << 31, "top_mean", s, "has maps of 2^31 pixels or more");
  gpu::launch(launch, {.blocks = {s.n}, .threads = {kThreads}}, top_mean_radix_select_kernel,
              map.as<float>(), unsigned(s.h * s.w), unsigned(top_count(fraction, s)),
              scores.as<float>());
}

}  // namespace dagan::DAGAN_BACKEND
