#include "kernels/device/reduce.cuh"
#include "kernels/loss/loss.h"

namespace dagan::DAGAN_BACKEND {
namespace {

using gpu::offset;
using gpu::Vec;

constexpr int kThreads = gpu::kElementThreads;

// The error of one element, and its derivative up to a factor.
struct Squared {
  static constexpr double kFactor = 2;
  static GPU_DEVICE float value(float difference) { return difference * difference; }
  static GPU_DEVICE float derivative(float difference, float scale) { return difference * scale; }
};

struct Absolute {
  static constexpr double kFactor = 1;
  static GPU_DEVICE float value(float difference) { return fabsf(difference); }
  // What is neither above nor below 0 is passed on: 0, and what is not a number.
  static GPU_DEVICE float derivative(float difference, float scale) {
    return difference > 0 ? scale : difference < 0 ? -scale : difference;
  }
};

// g_partial: the sum of each block of threads. The gradients, if there are any, are written on the
// way.
template <class Error, int V>
GPU_KERNEL(kThreads, 32)
block_errors_kernel(View a, View b, float scale, View da, View db, float* g_partial) {
  float sum = 0;
  gpu::for_each_element<V>(a.shape, [&](unsigned pixel, unsigned c) {
    Vec<float, V> r_error = gpu::read<V>(a, offset(a, pixel, c));
    const Vec<float, V> r_b = gpu::read<V>(b, offset(b, pixel, c));
    float r[V];
    for (int i = 0; i < V; ++i) r[i] = Error::value(r_error[i] -= r_b[i]);
    if constexpr (V == 4)
      sum += (r[0] + r[1]) + (r[2] + r[3]);
    else
      sum += r[0];
    if (!da) return;
    for (int i = 0; i < V; ++i) r_error[i] = Error::derivative(r_error[i], scale);
    gpu::write(da, offset(da, pixel, c), r_error);
    if (!db) return;
    for (int i = 0; i < V; ++i) r_error[i] = -r_error[i];
    gpu::write(db, offset(db, pixel, c), r_error);
  });
  sum = gpu::block_sum<kThreads>(sum);
  if (threadIdx.x == 0) g_partial[blockIdx.x] = sum;
}

GPU_KERNEL(kThreads, 32)
mean_kernel(unsigned blocks, double elements, const float* g_partial, float* g_loss) {
  double sum = 0;
  for (unsigned i = threadIdx.x; i < blocks; i += kThreads) sum += double(g_partial[i]);
  sum = gpu::block_sum<kThreads>(sum);
  if (threadIdx.x == 0) *g_loss = float(sum / elements);
}

template <class Error, int V>
GPU_KERNEL(kThreads, 32)
error_grad_kernel(double factor, View a, View b, const float* g_dloss, View da, Write write) {
  const auto scale = float(factor * double(*g_dloss));
  gpu::for_each_element<V>(a.shape, [&](unsigned pixel, unsigned c) {
    Vec<float, V> r = gpu::read<V>(a, offset(a, pixel, c));
    const Vec<float, V> r_b = gpu::read<V>(b, offset(b, pixel, c));
    for (int i = 0; i < V; ++i) r[i] = Error::derivative(r[i] - r_b[i], scale);
    gpu::write(da, offset(da, pixel, c), r, write);
  });
}

template <class Error>
double scale_of(View a, double dloss) {
  return Error::kFactor / double(a.shape.size()) * dloss;
}

template <class Error>
void error(const Launch& launch, View a, View b, float dloss, View loss, View da, View db) {
  if (!da) std::swap(a, b), std::swap(da, db);
  const gpu::Elements<4> e{a, b, da, db};
  auto* partial = reinterpret_cast<float*>(launch.scratch);
  const auto kernel = e.vector == 4 ? block_errors_kernel<Error, 4> : block_errors_kernel<Error, 1>;
  gpu::launch(launch, e.grid, kernel, e.views[0], e.views[1], float(scale_of<Error>(a, dloss)),
              e.views[2], e.views[3], partial);
  gpu::launch(launch, {.blocks = {1}, .threads = {kThreads}}, mean_kernel,
              unsigned(e.grid.blocks.x), double(a.shape.size()), partial, loss.as<float>());
}

template <class Error>
void error_grad(const Launch& launch, View a, View b, View dloss, View da, Write write) {
  const gpu::Elements<3> e{a, b, da};
  const auto kernel = e.vector == 4 ? error_grad_kernel<Error, 4> : error_grad_kernel<Error, 1>;
  gpu::launch(launch, e.grid, kernel, scale_of<Error>(a, 1), e.views[0], e.views[1],
              dloss.as<float>(), e.views[2], write);
}

}  // namespace

// Single elements need the most blocks.
std::int64_t error_scratch(Shape a) {
  return gpu::element_blocks(a.size()) * std::int64_t(sizeof(float));
}

void squared_error(const Launch& launch, View a, View b, float dloss, View loss, View da, View db) {
  error<Squared>(launch, a, b, dloss, loss, da, db);
}

void absolute_error(const Launch& launch, View a, View b, float dloss, View loss, View da,
                    View db) {
  error<Absolute>(launch, a, b, dloss, loss, da, db);
}

void squared_error_grad(const Launch& launch, View a, View b, View dloss, View da, Write write) {
  error_grad<Squared>(launch, a, b, dloss, da, write);
}

void absolute_error_grad(const Launch& launch, View a, View b, View dloss, View da, Write write) {
  error_grad<Absolute>(launch, a, b, dloss, da, write);
}

}  // namespace dagan::DAGAN_BACKEND
