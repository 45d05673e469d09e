#include <algorithm>

#include "kernels/device/gpu.h"
#include "kernels/image/image.h"

namespace dagan::DAGAN_BACKEND {
namespace {

constexpr int kThreads = 256;

// The source pixels of target pixel j along one axis, and their weights.
struct Taps {
  int first, count;
  double centre, support, sum;

  GPU_DEVICE Taps(int j, int source, int target) {
    const double s = double(source) / target;
    support = s > 1 ? s : 1;
    centre = (j + 0.5) * s;
    first = int(centre - support);
    if (first < 0) first = 0;
    while (unscaled(first) <= 0) ++first;
    sum = 0;
    for (count = 0; first + count < source && unscaled(first + count) > 0; ++count) {
      sum += unscaled(first + count);
    }
  }
  GPU_DEVICE double unscaled(int i) const { return 1 - fabs(i + 0.5 - centre) / support; }
  GPU_DEVICE float weight(int tap) const { return float(unscaled(first + tap) / sum); }
};

// Down the columns, x (N,H,W,C) -> sums (N,P,W,C): a block works on one target row, blockIdx.y of
// image blockIdx.z, a thread on one of its elements.
template <class T>
GPU_KERNEL(kThreads, 64)
resize_columns_kernel(View x, float* sums, int p_count) {
  auto* s_weights = gpu::dynamic_shared<float>();
  const int p = int(blockIdx.y), row = int(x.shape.w * x.shape.c);
  const Taps taps(p, int(x.shape.h), p_count);
  for (int t = int(threadIdx.x); t < taps.count; t += kThreads) s_weights[t] = taps.weight(t);
  __syncthreads();
  const int i = int(blockIdx.x * kThreads + threadIdx.x);
  if (i >= row) return;
  const std::int64_t n = blockIdx.z;
  const T* from = static_cast<const T*>(x.data) + (n * x.shape.h + taps.first) * row + i;
  float sum = 0;
  for (int t = 0; t < taps.count; ++t) {
    sum = fmaf(s_weights[t], float(from[std::int64_t(t) * row]), sum);
  }
  sums[(n * p_count + p) * row + i] = sum;
}

constexpr int kPiece = 4096;  // elements of a row that are in shared memory at a time

// One word in 33 stays free: the pixels that a warp reads are often a power of two apart.
GPU_DEVICE int padded(int i) { return i + i / 32; }

// Along the rows and to [-1,1], sums (N,P,W,C) -> y (N,P,Q,C): a thread for each element of a row.
// The part of the source row that a block needs passes through shared memory, piece by piece, so
// that it is read once and in order, however far apart the pixels of neighbouring threads are.
GPU_KERNEL(kThreads, 64) resize_rows_kernel(Levels levels, const float* sums, int width, View y) {
  GPU_SHARED(float, s_piece, [kPiece + kPiece / 32]);
  const int channels = int(y.shape.c), q_count = int(y.shape.w), count = q_count * channels;
  const int first = int(blockIdx.x * kThreads), i = first + int(threadIdx.x);
  const std::int64_t row = blockIdx.z * y.shape.h + blockIdx.y;
  const float* from = sums + row * width * channels;
  const Taps begin(first / channels, width, q_count);
  const Taps end((std::min(first + kThreads, count) - 1) / channels, width, q_count);
  const Taps taps(std::min(i, count - 1) / channels, width, q_count);
  const int stop = (end.first + end.count) * channels;
  float sum = 0;
  int t = 0;
  for (int piece = begin.first * channels; piece < stop; piece += kPiece) {
    const int size = stop - piece < kPiece ? stop - piece : kPiece;
    for (int e = int(threadIdx.x); e < size; e += kThreads) s_piece[padded(e)] = from[piece + e];
    __syncthreads();
    for (; t < taps.count; ++t) {
      const int at = (taps.first + t) * channels + i % channels - piece;
      if (at >= size) break;
      sum = fmaf(taps.weight(t), s_piece[padded(at)], sum);
    }
    __syncthreads();
  }
  if (i >= count) return;
  const float middle = levels.high + levels.low, range = levels.high - levels.low;
  static_cast<float*>(y.data)[row * count + i] = (2 * sum - middle) / range;
}

}  // namespace

std::int64_t image_normalise_resize_scratch(Shape x, Shape y) {
  return x.n * y.h * x.w * x.c * std::int64_t(sizeof(float));
}

void image_normalise_resize(const Launch& launch, Levels levels, View x, View y) {
  gpu::require(x.shape.n <= 65535 && x.shape.h <= 65535 && y.shape.h <= 65535 &&
                   x.shape.w * x.shape.c < (1 << 30) && y.shape.w * y.shape.c < (1 << 30),
               "image_normalise_resize", x.shape, "is too large: at most 65535 images and rows");
  auto* sums = reinterpret_cast<float*>(launch.scratch);
  const auto grid = [&](std::int64_t row) {
    return gpu::Grid{.blocks = {(row + kThreads - 1) / kThreads, y.shape.h, x.shape.n},
                     .threads = {kThreads}};
  };
  gpu::Grid columns = grid(x.shape.w * x.shape.c);
  // Twice the support and one more, at most.
  columns.shared_bytes = (2 * (x.shape.h / y.shape.h + 1) + 1) * std::int64_t(sizeof(float));
  gpu::require(columns.shared_bytes <= (48 << 10), "image_normalise_resize", x.shape,
               "is reduced more than 6000 times along its height");
  const auto kernel = x.dtype == DType::u8    ? resize_columns_kernel<std::uint8_t>
                      : x.dtype == DType::u16 ? resize_columns_kernel<std::uint16_t>
                                              : resize_columns_kernel<float>;
  gpu::launch(launch, columns, kernel, x, sums, int(y.shape.h));
  gpu::launch(launch, grid(y.shape.w * y.shape.c), resize_rows_kernel, levels, sums, int(x.shape.w),
              y);
}

}  // namespace dagan::DAGAN_BACKEND
