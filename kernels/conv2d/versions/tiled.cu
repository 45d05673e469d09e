// An implicit product of matrices by tiles in shared memory: a block computes 16 pixels of 16
// filters, and reads each operand 16 times less often than one thread per output does.
#include "kernels/conv2d/gpu/launch.cuh"
#include "kernels/conv2d/versions/versions.h"

namespace dagan::DAGAN_BACKEND {
namespace {

using implicit_gemm::Problem;
constexpr int kTile = 16;

// Element (pixel, depth) of the patches of x.
GPU_DEVICE float patch(const Problem& g, int pixel, int depth) {
  const int c = depth % g.c, s = depth / g.c % g.s, r = depth / g.c / g.s;
  const int w = pixel % g.q * g.stride - g.pad + s, line = pixel / g.q;
  const int h = line % g.p * g.stride - g.pad + r;
  if (pixel >= g.pixels || depth >= g.window || h < 0 || h >= g.h || w < 0 || w >= g.w) return 0;
  return static_cast<const float*>(g.a)[((line / g.p * g.h + h) * g.w + w) * g.a_pitch + c];
}

GPU_KERNEL(256, 48)
conv2d_tiled_kernel(Problem g) {
  GPU_SHARED(float, s_x, [kTile][kTile + 1]);
  GPU_SHARED(float, s_w, [kTile][kTile + 1]);
  const int column = int(threadIdx.x), row = int(threadIdx.y);
  const int pixel = int(blockIdx.x) * kTile + row, k = int(blockIdx.y) * kTile + column;
  const int filter = int(blockIdx.y) * kTile + row;  // whose part this thread loads
  const auto* g_w = static_cast<const float*>(g.b);
  float sum = 0;
  for (int first = 0; first < g.window; first += kTile) {
    const int depth = first + column;
    s_x[row][column] = patch(g, pixel, depth);
    s_w[row][column] = filter < g.k && depth < g.window ? g_w[filter * g.window + depth] : 0;
    __syncthreads();
    for (int d = 0; d < kTile; ++d) sum = fmaf(s_x[row][d], s_w[column][d], sum);
    __syncthreads();
  }
  if (pixel >= g.pixels || k >= g.k) return;
  if (g.bias != nullptr) sum += g.bias[k];
  float& y = static_cast<float*>(g.out)[pixel * g.out_pitch + k];
  y = g.accumulate ? y + sum : sum;
}

}  // namespace

void conv2d_tiled(const Launch& launch, Conv2dGeometry geometry, View x, View w, View bias, View y,
                  Write write) {
  const Problem g =
      implicit_gemm::problem_of(implicit_gemm::make_problem(geometry, x.shape, w.shape, y.shape),
                                DType::f32, x, w, bias, y, write);
  gpu::launch(
      launch,
      {.blocks = {implicit_gemm::ceil_div(g.pixels, kTile), implicit_gemm::ceil_div(g.k, kTile)},
       .threads = {kTile, kTile}},
      conv2d_tiled_kernel, g);
}

}  // namespace dagan::DAGAN_BACKEND
