#include "kernels/arithmetic/arithmetic.h"
#include "kernels/device/reduce.cuh"

namespace dagan::DAGAN_BACKEND {
namespace {

using gpu::offset;
using gpu::Vec;

template <int V>
GPU_KERNEL(256, 32)
linear_kernel(LinearGeometry g, View a, View b, View y, Write write) {
  gpu::for_each_element<V>(a.shape, [&](unsigned pixel, unsigned c) {
    Vec<float, V> r = gpu::read<V>(a, offset(a, pixel, c));
    for (int i = 0; i < V; ++i) r[i] = fmaf(r[i], g.alpha, g.constant);
    if (b) {
      const Vec<float, V> r_b = gpu::read<V>(b, offset(b, pixel, c));
      for (int i = 0; i < V; ++i) r[i] = fmaf(r_b[i], g.beta, r[i]);
    }
    gpu::write(y, offset(y, pixel, c), r, write);
  });
}

// g_partial (blocks, C): the sums of each block of pixels.
template <int V>
GPU_KERNEL(gpu::kTileThreads<V>, 32)
block_sums_kernel(gpu::Tiling t, View x, float* g_partial) {
  const gpu::Column<V> column(t);
  Vec<float, V> r_sum[1] = {};
  for (unsigned chunk = column.row; chunk < column.end; chunk += column.step()) {
    Vec<float, V> r[gpu::kUnroll];
    column.read(x, chunk, r);
    for (int i = 0; i < V; ++i) r_sum[0][i] += (r[0][i] + r[1][i]) + (r[2][i] + r[3][i]);
  }
  gpu::sum_rows(r_sum);
  column.store_partial(t, r_sum, g_partial);
}

GPU_KERNEL(gpu::kCombineThreads, 40)
combine_sums_kernel(gpu::Tiling t, const float* g_partial, float* g_y, Write write) {
  const unsigned c = blockIdx.x * gpu::kCombineChannels + threadIdx.x;
  double sum[1];
  gpu::sum_partials(t, sum, [&](unsigned block, int) {
    return c < t.channels ? double(g_partial[block * t.channels + c]) : 0.0;
  });
  if (threadIdx.y > 0 || c >= t.channels) return;
  g_y[c] = float((write == Write::accumulate ? double(g_y[c]) : 0.0) + sum[0]);
}

}  // namespace

void linear(const Launch& launch, LinearGeometry geometry, View a, View b, View y, Write write) {
  const gpu::Elements<3> e{a, y, b};
  const auto kernel = e.vector == 4 ? linear_kernel<4> : linear_kernel<1>;
  gpu::launch(launch, e.grid, kernel, geometry, e.views[0], e.views[2], e.views[1], write);
}

std::int64_t channel_sum_scratch(Shape x) {
  return gpu::tiling(x, gpu::kSumBlocks).blocks() * x.c * std::int64_t(sizeof(float));
}

void channel_sum(const Launch& launch, View x, View y, Write write) {
  const gpu::Tiling t = gpu::tiling(x.shape, gpu::kSumBlocks);
  auto* partial = reinterpret_cast<float*>(launch.scratch);
  const int vector = gpu::wide(x) ? 4 : 1;
  gpu::launch(launch, gpu::tile_grid(t, vector),
              vector == 4 ? block_sums_kernel<4> : block_sums_kernel<1>, t, x, partial);
  gpu::launch(launch, gpu::combine_grid(t), combine_sums_kernel, t, partial, y.as<float>(), write);
}

}  // namespace dagan::DAGAN_BACKEND
