// Statistics: one read of x. A block takes the mean of its first chunk of pixels, still in
// registers, for a pivot and sums x - pivot and its square: no digits are lost, wherever the mean
// of x lies. The second launch puts the blocks' sums together in f64 (NOTES.md has the reasons).
#include "kernels/batch_norm/batch_norm.h"
#include "kernels/device/reduce.cuh"

namespace dagan::DAGAN_BACKEND {
namespace {

using gpu::Column;
using gpu::kCombineThreads;
using gpu::kTileThreads;
using gpu::kUnroll;
using gpu::Tiling;
using gpu::Vec;

// g_partial (blocks, 3, C): the pivots, the sums of x - pivot, the sums of its square.
template <int V>
GPU_KERNEL(kTileThreads<V>, 48)
block_statistics_kernel(Tiling t, View x, float* g_partial) {
  const Column<V> column(t);
  Vec<float, V> r[kUnroll], r_pivot[1];
  column.read(x, column.row, r);
  for (int i = 0; i < V; ++i) r_pivot[0][i] = (r[0][i] + r[1][i]) + (r[2][i] + r[3][i]);
  gpu::sum_rows<true>(r_pivot);
  const float part = 1 / float(std::min(column.step(), column.end - column.first));
  for (int i = 0; i < V; ++i) r_pivot[0][i] *= part;

  Vec<float, V> r_sums[2] = {};
  for (unsigned chunk = column.row; chunk < column.end;) {
    for (int u = 0; u < kUnroll; ++u) {
      if (column.pixel(chunk, u) >= column.end) continue;
      for (int i = 0; i < V; ++i) {
        const float h = r[u][i] - r_pivot[0][i];
        r_sums[0][i] += h;
        r_sums[1][i] = fmaf(h, h, r_sums[1][i]);
      }
    }
    chunk += column.step();
    column.read(x, chunk, r);
  }
  gpu::sum_rows(r_sums);
  const Vec<float, V> r_partial[3] = {r_pivot[0], r_sums[0], r_sums[1]};
  column.store_partial(t, r_partial, g_partial);
}

GPU_KERNEL(kCombineThreads, 40)
combine_statistics_kernel(Tiling t, BatchNormGeometry g, const float* g_partial, float* g_mean,
                          float* g_rstd, float* g_running_mean, float* g_running_var) {
  const unsigned c = blockIdx.x * gpu::kCombineChannels + threadIdx.x;
  const auto partial = [&](unsigned block, unsigned k) {
    return c < t.channels ? double(g_partial[(block * 3 + k) * t.channels + c]) : 0.0;
  };
  const double pixels = t.pixels, momentum = double(g.momentum);
  double centre[1], square[1];
  gpu::sum_partials(t, centre, [&](unsigned block, int) {
    return double(t.pixels_of(block)) * partial(block, 0) + partial(block, 1);
  });
  centre[0] /= pixels;
  gpu::sum_partials(t, square, [&](unsigned block, int) {
    const double offset = partial(block, 0) - centre[0];
    return partial(block, 2) +
           offset * (2 * partial(block, 1) + double(t.pixels_of(block)) * offset);
  });
  if (threadIdx.y > 0 || c >= t.channels) return;
  const auto update = [&](float& running, double value) {
    running = float(double(running) + momentum * (value - double(running)));
  };
  g_mean[c] = float(centre[0]);
  g_rstd[c] = float(1 / sqrt(square[0] / pixels + double(g.epsilon)));
  update(g_running_mean[c], centre[0]);
  update(g_running_var[c], square[0] / (pixels - 1));
}

// z = (x - mean) * scale + beta, for the channels of a thread.
template <int V>
struct Affine {
  Vec<float, V> mean, scale, beta;

  GPU_DEVICE float operator()(float x, int i) const { return fmaf(x - mean[i], scale[i], beta[i]); }
};

// With the statistics of the batch.
struct Batch {
  const float *g_mean, *g_rstd, *g_gamma, *g_beta;

  template <int V>
  GPU_DEVICE Affine<V> of(const Column<V>& column) const {
    Affine<V> r = {column.parameters(g_mean), column.parameters(g_gamma),
                   column.parameters(g_beta)};
    const Vec<float, V> r_rstd = column.parameters(g_rstd);
    for (int i = 0; i < V; ++i) r.scale[i] *= r_rstd[i];
    return r;
  }
};

// With the running statistics.
struct Running {
  float epsilon;
  const float *g_mean, *g_var, *g_gamma, *g_beta;

  template <int V>
  GPU_DEVICE Affine<V> of(const Column<V>& column) const {
    Affine<V> r = {column.parameters(g_mean), column.parameters(g_gamma),
                   column.parameters(g_beta)};
    const Vec<float, V> r_var = column.parameters(g_var);
    for (int i = 0; i < V; ++i) r.scale[i] /= sqrtf(r_var[i] + epsilon);
    return r;
  }
};

// The activation that follows: of z, and of dy where z is known.
GPU_DEVICE float activated(float z, float value, float slope) {
  return z > 0 ? value : slope * value;
}

template <int V, class Statistics>
GPU_KERNEL(kTileThreads<V>, 40)
normalise_kernel(Tiling t, View x, Statistics statistics, float slope, View y) {
  const Column<V> column(t);
  const Affine<V> r_affine = statistics.of(column);
  for (unsigned chunk = column.row; chunk < column.end; chunk += column.step()) {
    Vec<float, V> r[kUnroll];
    column.read(x, chunk, r);
    for (int u = 0; u < kUnroll; ++u)
      for (int i = 0; i < V; ++i) {
        const float z = r_affine(r[u][i], i);
        r[u][i] = activated(z, z, slope);
      }
    column.write(y, chunk, r, Write::overwrite);
  }
}

// dz of dy: as it is, where nothing follows.
template <bool kActivated, int V>
GPU_DEVICE void mask(const Affine<V>& r_affine, const Vec<float, V>& r_x, float slope,
                     Vec<float, V>& r_dy) {
  if constexpr (kActivated)
    for (int i = 0; i < V; ++i) r_dy[i] = activated(r_affine(r_x[i], i), r_dy[i], slope);
}

// g_partial (blocks, 2, C): the sums of dz and of dz * (x - mean).
template <int V, bool kActivated>
GPU_KERNEL(kTileThreads<V>, 72)
block_gradients_kernel(Tiling t, View dy, View x, Batch statistics, float slope, float* g_partial) {
  const Column<V> column(t);
  const Affine<V> r_affine = statistics.of(column);
  Vec<float, V> r_sums[2] = {};
  for (unsigned chunk = column.row; chunk < column.end; chunk += column.step()) {
    Vec<float, V> r_dy[kUnroll], r_x[kUnroll];
    column.read(dy, chunk, r_dy);
    column.read(x, chunk, r_x);
    for (int u = 0; u < kUnroll; ++u) mask<kActivated>(r_affine, r_x[u], slope, r_dy[u]);
    // Where the block has no pixel, dy is 0.
    for (int i = 0; i < V; ++i) {
      r_sums[0][i] += (r_dy[0][i] + r_dy[1][i]) + (r_dy[2][i] + r_dy[3][i]);
      for (int u = 0; u < kUnroll; ++u)
        r_sums[1][i] = fmaf(r_x[u][i] - r_affine.mean[i], r_dy[u][i], r_sums[1][i]);
    }
  }
  gpu::sum_rows(r_sums);
  column.store_partial(t, r_sums, g_partial);
}

// g_factors (2, C): dx = scale * (dz - shift - (x - mean) * tilt), the shifts and the tilts.
GPU_KERNEL(kCombineThreads, 40)
combine_gradients_kernel(Tiling t, const float* g_partial, const float* g_rstd, float* g_factors,
                         float* g_dgamma, float* g_dbeta, Write write) {
  const unsigned c = blockIdx.x * gpu::kCombineChannels + threadIdx.x;
  double sums[2];
  gpu::sum_partials(t, sums, [&](unsigned block, int k) {
    return c < t.channels ? double(g_partial[(block * 2 + unsigned(k)) * t.channels + c]) : 0.0;
  });
  if (threadIdx.y > 0 || c >= t.channels) return;
  const double pixels = t.pixels, rstd = double(g_rstd[c]), dgamma = sums[1] * rstd;
  g_factors[c] = float(sums[0] / pixels);
  g_factors[t.channels + c] = float(dgamma * rstd / pixels);
  const bool add = write == Write::accumulate;
  g_dgamma[c] = float(add ? double(g_dgamma[c]) + dgamma : dgamma);
  g_dbeta[c] = float(add ? double(g_dbeta[c]) + sums[0] : sums[0]);
}

template <int V, bool kActivated>
GPU_KERNEL(kTileThreads<V>, 72)
input_gradient_kernel(Tiling t, View dy, View x, Batch statistics, float slope,
                      const float* g_factors, View dx, Write write) {
  const Column<V> column(t);
  const Affine<V> r_affine = statistics.of(column);
  const Vec<float, V> r_shift = column.parameters(g_factors),
                      r_tilt = column.parameters(g_factors + t.channels);
  for (unsigned chunk = column.row; chunk < column.end; chunk += column.step()) {
    Vec<float, V> r[kUnroll], r_x[kUnroll];
    column.read(dy, chunk, r);
    column.read(x, chunk, r_x);
    for (int u = 0; u < kUnroll; ++u) {
      mask<kActivated>(r_affine, r_x[u], slope, r[u]);
      for (int i = 0; i < V; ++i) {
        const float h = r_x[u][i] - r_affine.mean[i];
        r[u][i] = r_affine.scale[i] * fmaf(-h, r_tilt[i], r[u][i] - r_shift[i]);
      }
    }
    column.write(dx, chunk, r, write);
  }
}

template <class Statistics>
void normalise(const Launch& launch, View x, Statistics statistics, float slope, View y) {
  const Tiling t = gpu::tiling(x.shape, gpu::kApplyBlocks);
  const bool wide = gpu::wide(x) && gpu::wide(y);
  const auto kernel = wide ? normalise_kernel<4, Statistics> : normalise_kernel<1, Statistics>;
  gpu::launch(launch, gpu::tile_grid(t, wide ? 4 : 1), kernel, t, x, statistics, slope, y);
}

template <bool kActivated>
void gradients(const Launch& launch, View dy, View x, Batch statistics, float slope, View dx,
               View dgamma, View dbeta, Write dx_write, Write parameters_write) {
  const Tiling t = gpu::tiling(x.shape, gpu::kSumBlocks);
  auto* partial = reinterpret_cast<float*>(launch.scratch);
  float* factors = partial + 2 * t.blocks() * x.shape.c;
  const bool wide_sums = gpu::wide(dy) && gpu::wide(x), wide = wide_sums && gpu::wide(dx);
  gpu::launch(
      launch, gpu::tile_grid(t, wide_sums ? 4 : 1),
      wide_sums ? block_gradients_kernel<4, kActivated> : block_gradients_kernel<1, kActivated>, t,
      dy, x, statistics, slope, partial);
  gpu::launch(launch, gpu::combine_grid(t), combine_gradients_kernel, t, partial, statistics.g_rstd,
              factors, dgamma.as<float>(), dbeta.as<float>(), parameters_write);
  const Tiling apply = gpu::tiling(x.shape, gpu::kApplyBlocks);
  gpu::launch(launch, gpu::tile_grid(apply, wide ? 4 : 1),
              wide ? input_gradient_kernel<4, kActivated> : input_gradient_kernel<1, kActivated>,
              apply, dy, x, statistics, slope, factors, dx, dx_write);
}

}  // namespace

// The statistics keep three vectors for each block; the gradient two, and two more.
std::int64_t batch_norm_scratch(Shape x) {
  const std::int64_t blocks = gpu::tiling(x, gpu::kSumBlocks).blocks();
  return std::max(3 * blocks, 2 * blocks + 2) * x.c * std::int64_t(sizeof(float));
}

void batch_norm_statistics(const Launch& launch, BatchNormGeometry geometry, View x, View mean,
                           View rstd, View running_mean, View running_var) {
  const Tiling t = gpu::tiling(x.shape, gpu::kSumBlocks);
  auto* partial = reinterpret_cast<float*>(launch.scratch);
  const int vector = gpu::wide(x) ? 4 : 1;
  gpu::launch(launch, gpu::tile_grid(t, vector),
              vector == 4 ? block_statistics_kernel<4> : block_statistics_kernel<1>, t, x, partial);
  gpu::launch(launch, gpu::combine_grid(t), combine_statistics_kernel, t, geometry, partial,
              mean.as<float>(), rstd.as<float>(), running_mean.as<float>(),
              running_var.as<float>());
}

void batch_norm(const Launch& launch, View x, View mean, View rstd, View gamma, View beta,
                float slope, View y) {
  normalise(launch, x,
            Batch{mean.as<float>(), rstd.as<float>(), gamma.as<float>(), beta.as<float>()}, slope,
            y);
}

void batch_norm_evaluate(const Launch& launch, BatchNormGeometry geometry, View x,
                         View running_mean, View running_var, View gamma, View beta, float slope,
                         View y) {
  normalise(launch, x,
            Running{geometry.epsilon, running_mean.as<float>(), running_var.as<float>(),
                    gamma.as<float>(), beta.as<float>()},
            slope, y);
}

void batch_norm_grad(const Launch& launch, View dy, View x, View mean, View rstd, View gamma,
                     View beta, float slope, View dx, View dgamma, View dbeta, Write dx_write,
                     Write parameters_write) {
  const Batch statistics = {mean.as<float>(), rstd.as<float>(), gamma.as<float>(),
                            beta.as<float>()};
  const auto run = slope == 1 ? gradients<false> : gradients<true>;
  run(launch, dy, x, statistics, slope, dx, dgamma, dbeta, dx_write, parameters_write);
}

}  // namespace dagan::DAGAN_BACKEND
