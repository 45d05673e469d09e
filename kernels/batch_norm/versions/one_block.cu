// Versions in which no channel is shared by two blocks, so that each op is one launch. They differ
// only in who walks over the pixels of a channel. Sums are f64: in f32 they would lose digits.
#include "kernels/device/reduce.cuh"
#include "kernels/version.h"

namespace dagan::DAGAN_BACKEND {
namespace {

using gpu::offset;

// One thread reads every pixel of its channel; neighbouring threads have neighbouring channels.
struct ThreadPerChannel {
  unsigned channel = blockIdx.x * blockDim.x + threadIdx.x, first = 0, step = 1;

  GPU_DEVICE double sum(double value) const { return value; }

  static gpu::Grid grid(std::int64_t channels) {
    return {.blocks = {gpu::ceil_div(channels, 128)}, .threads = {128}};
  }
};

// Neighbouring threads have neighbouring pixels of one channel.
struct BlockPerChannel {
  static constexpr int kThreads = 256;
  unsigned channel = blockIdx.x, first = threadIdx.x, step = kThreads;

  GPU_DEVICE double sum(double value) const {
    GPU_SHARED(double, s_sum, [1]);
    value = gpu::block_sum<kThreads>(value);
    if (threadIdx.x == 0) s_sum[0] = value;
    __syncthreads();
    return s_sum[0];  // the next sum is written behind the barriers of its block_sum
  }

  static gpu::Grid grid(std::int64_t channels) {
    return {.blocks = {channels}, .threads = {kThreads}};
  }
};

// A warp reads 32 neighbouring channels of a pixel.
struct TilePerBlock {
  static constexpr int kRows = 8;
  unsigned channel = blockIdx.x * 32 + threadIdx.x, first = threadIdx.y, step = kRows;

  GPU_DEVICE double sum(double value) const {
    GPU_SHARED(double, s_sums, [kRows][32]);
    s_sums[threadIdx.y][threadIdx.x] = value;
    __syncthreads();
    double result = 0;
    for (int row = 0; row < kRows; ++row) result += s_sums[row][threadIdx.x];
    __syncthreads();
    return result;
  }

  static gpu::Grid grid(std::int64_t channels) {
    return {.blocks = {gpu::ceil_div(channels, 32)}, .threads = {32, kRows}};
  }
};

// The sum of f(pixel) over all pixels; every thread of the channel receives it.
template <class Walk, class F>
GPU_DEVICE double sum_pixels(const Walk& walk, Shape shape, F f) {
  double sum = 0;
  const auto pixels = unsigned(shape.pixels());
  for (unsigned i = walk.first; walk.channel < shape.c && i < pixels; i += walk.step) sum += f(i);
  return walk.sum(sum);
}

GPU_DEVICE float read(const View& view, unsigned pixel, unsigned channel) {
  return gpu::read<1>(view, offset(view, pixel, channel))[0];
}

template <class Walk>
GPU_KERNEL(256, 40)
statistics_kernel(BatchNormGeometry g, View x, float* g_mean, float* g_rstd, float* g_running_mean,
                  float* g_running_var) {
  const Walk walk;
  const unsigned c = walk.channel;
  const double pixels = double(x.shape.pixels()), momentum = double(g.momentum);
  const double mean =
      sum_pixels(walk, x.shape, [&](unsigned i) { return double(read(x, i, c)); }) / pixels;
  const double square = sum_pixels(walk, x.shape, [&](unsigned i) {
    const double h = double(read(x, i, c)) - mean;
    return h * h;
  });
  if (walk.first > 0 || c >= x.shape.c) return;
  const auto update = [&](float& running, double value) {
    running = float(double(running) + momentum * (value - double(running)));
  };
  g_mean[c] = float(mean);
  g_rstd[c] = float(1 / sqrt(square / pixels + double(g.epsilon)));
  update(g_running_mean[c], mean);
  update(g_running_var[c], square / (pixels - 1));
}

template <class Walk>
GPU_KERNEL(256, 48)
normalise_kernel(View x, const float* g_mean, const float* g_rstd, const float* g_gamma,
                 const float* g_beta, float slope, View y) {
  const Walk walk;
  const unsigned c = walk.channel;
  if (c >= x.shape.c) return;
  const float mean = g_mean[c], scale = g_gamma[c] * g_rstd[c], beta = g_beta[c];
  for (unsigned i = walk.first; i < unsigned(x.shape.pixels()); i += walk.step) {
    const float z = fmaf(read(x, i, c) - mean, scale, beta);
    gpu::write<1>(y, offset(y, i, c), {z > 0 ? z : slope * z});
  }
}

template <class Walk>
GPU_KERNEL(256, 48)
gradient_kernel(View dy, View x, const float* g_mean, const float* g_rstd, const float* g_gamma,
                const float* g_beta, float slope, View dx, float* g_dgamma, float* g_dbeta,
                Write dx_write, Write parameters_write) {
  const Walk walk;
  const unsigned c = walk.channel;
  const bool active = c < x.shape.c;
  const float mean = active ? g_mean[c] : 0, rstd = active ? g_rstd[c] : 0;
  const float scale = active ? g_gamma[c] * rstd : 0, beta = active ? g_beta[c] : 0;
  const auto dz = [&](unsigned i, float h) {
    const float r_dy = read(dy, i, c);
    return fmaf(h, scale, beta) > 0 ? r_dy : slope * r_dy;
  };
  const double dbeta =
      sum_pixels(walk, x.shape, [&](unsigned i) { return double(dz(i, read(x, i, c) - mean)); });
  const double dgamma = sum_pixels(walk, x.shape,
                                   [&](unsigned i) {
                                     const float h = read(x, i, c) - mean;
                                     return double(dz(i, h)) * double(h);
                                   }) *
                        double(rstd);
  if (!active) return;
  const double pixels = double(x.shape.pixels());
  const auto shift = float(dbeta / pixels), tilt = float(dgamma * double(rstd) / pixels);
  for (unsigned i = walk.first; i < unsigned(x.shape.pixels()); i += walk.step) {
    const float h = read(x, i, c) - mean;
    const float value = scale * fmaf(-h, tilt, dz(i, h) - shift);
    gpu::write<1>(dx, offset(dx, i, c), {value}, dx_write);
  }
  if (walk.first > 0) return;
  const bool add = parameters_write == Write::accumulate;
  g_dgamma[c] = float(add ? double(g_dgamma[c]) + dgamma : dgamma);
  g_dbeta[c] = float(add ? double(g_dbeta[c]) + dbeta : dbeta);
}

template <class Walk>
void statistics(const Launch& launch, BatchNormGeometry geometry, View x, View mean, View rstd,
                View running_mean, View running_var) {
  gpu::launch(launch, Walk::grid(x.shape.c), statistics_kernel<Walk>, geometry, x, mean.as<float>(),
              rstd.as<float>(), running_mean.as<float>(), running_var.as<float>());
}

template <class Walk>
void apply(const Launch& launch, View x, View mean, View rstd, View gamma, View beta, float slope,
           View y) {
  gpu::launch(launch, Walk::grid(x.shape.c), normalise_kernel<Walk>, x, mean.as<float>(),
              rstd.as<float>(), gamma.as<float>(), beta.as<float>(), slope, y);
}

template <class Walk>
void grad(const Launch& launch, View dy, View x, View mean, View rstd, View gamma, View beta,
          float slope, View dx, View dgamma, View dbeta, Write dx_write, Write parameters_write) {
  gpu::launch(launch, Walk::grid(x.shape.c), gradient_kernel<Walk>, dy, x, mean.as<float>(),
              rstd.as<float>(), gamma.as<float>(), beta.as<float>(), slope, dx, dgamma.as<float>(),
              dbeta.as<float>(), dx_write, parameters_write);
}

std::int64_t no_scratch(Shape) { return 0; }

template <class Walk>
constexpr KernelVersion version(const char* name) {
  return {.op = "batch_norm",
          .name = name,
          .entries = {.batch_norm_statistics = statistics<Walk>,
                      .batch_norm = apply<Walk>,
                      .batch_norm_grad = grad<Walk>,
                      .batch_norm_scratch = no_scratch},
          .any_dtype = true};
}

constexpr KernelVersion kVersions[] = {
    version<ThreadPerChannel>("thread_per_channel"),
    version<BlockPerChannel>("block_per_channel"),
    version<TilePerBlock>("tile_per_block"),
    {.op = "batch_norm",
     .name = "two_launches",
     .entries = {.batch_norm_statistics = batch_norm_statistics,
                 .batch_norm = batch_norm,
                 .batch_norm_grad = batch_norm_grad,
                 .batch_norm_scratch = batch_norm_scratch},
     .in_table = true,
     .any_dtype = true},
};

}  // namespace

constexpr KernelVersions batch_norm_versions = {kVersions, sizeof kVersions / sizeof kVersions[0]};

}  // namespace dagan::DAGAN_BACKEND
