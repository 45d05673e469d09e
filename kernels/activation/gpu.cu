#include "kernels/activation/activation.h"
#include "kernels/device/elements.cuh"

namespace dagan::DAGAN_BACKEND {
namespace {

using gpu::offset;
using gpu::Vec;

template <int V>
GPU_KERNEL(256, 32)
leaky_relu_kernel(float slope, View x, View y) {
  gpu::for_each_element<V>(x.shape, [&](unsigned pixel, unsigned c) {
    Vec<float, V> r = gpu::read<V>(x, offset(x, pixel, c));
    for (int i = 0; i < V; ++i) r[i] = r[i] > 0 ? r[i] : slope * r[i];
    gpu::write(y, offset(y, pixel, c), r);
  });
}

template <int V>
GPU_KERNEL(256, 40)
leaky_relu_grad_kernel(float slope, View y, View dy, View dx, Write write) {
  gpu::for_each_element<V>(y.shape, [&](unsigned pixel, unsigned c) {
    const Vec<float, V> r_y = gpu::read<V>(y, offset(y, pixel, c));
    Vec<float, V> r = gpu::read<V>(dy, offset(dy, pixel, c));
    for (int i = 0; i < V; ++i) r[i] = r_y[i] > 0 ? r[i] : slope * r[i];
    gpu::write(dx, offset(dx, pixel, c), r, write);
  });
}

template <int V>
GPU_KERNEL(256, 32)
tanh_kernel(View x, View y) {
  gpu::for_each_element<V>(x.shape, [&](unsigned pixel, unsigned c) {
    Vec<float, V> r = gpu::read<V>(x, offset(x, pixel, c));
    for (int i = 0; i < V; ++i) r[i] = tanhf(r[i]);
    gpu::write(y, offset(y, pixel, c), r);
  });
}

template <int V>
GPU_KERNEL(256, 40)
tanh_grad_kernel(View y, View dy, View dx, Write write) {
  gpu::for_each_element<V>(y.shape, [&](unsigned pixel, unsigned c) {
    const Vec<float, V> r_y = gpu::read<V>(y, offset(y, pixel, c));
    Vec<float, V> r = gpu::read<V>(dy, offset(dy, pixel, c));
    // Not 1 - y^2: near |y| = 1 the rounding of y^2 would be most of the result.
    for (int i = 0; i < V; ++i) r[i] = (1 - r_y[i]) * (1 + r_y[i]) * r[i];
    gpu::write(dx, offset(dx, pixel, c), r, write);
  });
}

}  // namespace

void leaky_relu(const Launch& launch, float slope, View x, View y) {
  const gpu::Elements<2> e{x, y};
  const auto kernel = e.vector == 4 ? leaky_relu_kernel<4> : leaky_relu_kernel<1>;
  gpu::launch(launch, e.grid, kernel, slope, e.views[0], e.views[1]);
}

void leaky_relu_grad(const Launch& launch, float slope, View y, View dy, View dx, Write write) {
  const gpu::Elements<3> e{y, dy, dx};
  const auto kernel = e.vector == 4 ? leaky_relu_grad_kernel<4> : leaky_relu_grad_kernel<1>;
  gpu::launch(launch, e.grid, kernel, slope, e.views[0], e.views[1], e.views[2], write);
}

void tanh(const Launch& launch, View x, View y) {
  const gpu::Elements<2> e{x, y};
  const auto kernel = e.vector == 4 ? tanh_kernel<4> : tanh_kernel<1>;
  gpu::launch(launch, e.grid, kernel, e.views[0], e.views[1]);
}

void tanh_grad(const Launch& launch, View y, View dy, View dx, Write write) {
  const gpu::Elements<3> e{y, dy, dx};
  const auto kernel = e.vector == 4 ? tanh_grad_kernel<4> : tanh_grad_kernel<1>;
  gpu::launch(launch, e.grid, kernel, e.views[0], e.views[1], e.views[2], write);
}

}  // namespace dagan::DAGAN_BACKEND
