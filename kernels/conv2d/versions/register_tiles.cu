// Each thread computes 4 x 4 outputs in registers, from tiles of 64 pixels and 64 filters that are
// read from global memory 16 bytes at a time and stored transposed: 4 x 4 products for every two
// loads of 16 bytes from shared memory.
#include "kernels/conv2d/gpu/launch.cuh"
#include "kernels/conv2d/versions/versions.h"

namespace dagan::DAGAN_BACKEND {
namespace {

using gpu::Vec;
using implicit_gemm::Problem;
constexpr int kTile = 64, kSteps = 16, kThreads = 256;
constexpr int kPitch = kTile + 4;  // 16-byte loads stay aligned

// V neighbours (pixel, depth..) of the patches of x.
template <int V>
GPU_DEVICE Vec<float, V> patch(const Problem& g, int pixel, int depth) {
  const int c = depth % g.c, s = depth / g.c % g.s, r = depth / g.c / g.s;
  const int w = pixel % g.q * g.stride - g.pad + s, line = pixel / g.q;
  const int h = line % g.p * g.stride - g.pad + r;
  if (pixel >= g.pixels || depth >= g.window || h < 0 || h >= g.h || w < 0 || w >= g.w) return {};
  return gpu::load<float, V>(static_cast<const float*>(g.a) +
                             (((line / g.p * g.h + h) * g.w + w) * g.a_pitch + c));
}

template <int V>
GPU_DEVICE Vec<float, V> filter(const Problem& g, int k, int depth) {
  if (k >= g.k || depth >= g.window) return {};
  return gpu::load<float, V>(static_cast<const float*>(g.b) + (k * g.window + depth));
}

template <int V>
GPU_KERNEL(kThreads, 72)
conv2d_register_tiles_kernel(Problem g) {
  GPU_SHARED(float, s_x, [kSteps][kPitch]);
  GPU_SHARED(float, s_w, [kSteps][kPitch]);
  constexpr int kUnits = kSteps / V;  // loads of a row
  const int thread = int(threadIdx.x), unit = thread % kUnits * V;
  const int first_pixel = int(blockIdx.x) * kTile, first_k = int(blockIdx.y) * kTile;
  const int row = thread / 16 * 4, column = thread % 16 * 4;  // of this thread's outputs
  float r_sum[4][4] = {};
  for (int first = 0; first < g.window; first += kSteps) {
    for (int i = thread / kUnits; i < kTile; i += kThreads / kUnits) {
      const auto r_x = patch<V>(g, first_pixel + i, first + unit);
      const auto r_w = filter<V>(g, first_k + i, first + unit);
      for (int e = 0; e < V; ++e) s_x[unit + e][i] = r_x[e], s_w[unit + e][i] = r_w[e];
    }
    __syncthreads();
    for (int d = 0; d < kSteps; ++d) {
      const auto r_x = gpu::load<float, 4>(&s_x[d][row]),
                 r_w = gpu::load<float, 4>(&s_w[d][column]);
      for (int i = 0; i < 4; ++i)
        for (int j = 0; j < 4; ++j) r_sum[i][j] = fmaf(r_x[i], r_w[j], r_sum[i][j]);
    }
    __syncthreads();
  }
  for (int i = 0; i < 4; ++i) {
    for (int j = 0; j < 4; ++j) {
      const int pixel = first_pixel + row + i, k = first_k + column + j;
      if (pixel >= g.pixels || k >= g.k) continue;
      const float sum = g.bias != nullptr ? r_sum[i][j] + g.bias[k] : r_sum[i][j];
      float& y = static_cast<float*>(g.out)[pixel * g.out_pitch + k];
      y = g.accumulate ? y + sum : sum;
    }
  }
}

}  // namespace

void conv2d_register_tiles(const Launch& launch, Conv2dGeometry geometry, View x, View w, View bias,
                           View y, Write write) {
  using namespace implicit_gemm;
  const Problem g = problem_of(make_problem(geometry, x.shape, w.shape, y.shape), DType::f32, x, w,
                               bias, y, write);
  gpu::launch(launch,
              {.blocks = {ceil_div(g.pixels, kTile), ceil_div(g.k, kTile)}, .threads = {kThreads}},
              movable(x, 16) && movable(w, 16) ? conv2d_register_tiles_kernel<4>
                                               : conv2d_register_tiles_kernel<1>,
              g);
}

}  // namespace dagan::DAGAN_BACKEND
