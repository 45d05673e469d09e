#include "kernels/conv2d/gpu/launch.cuh"
#include "kernels/conv2d/versions/columns.h"

namespace dagan::DAGAN_BACKEND {
namespace {

using implicit_gemm::Problem;

GPU_KERNEL(256, 48)
conv2d_columns_kernel(Problem g, View x, View columns) {
  gpu::for_each_element<1>(columns.shape, [&](unsigned row, unsigned at) {
    const int line = int(row) / g.q, image = line / g.p;
    const int c = int(at) % g.c, tap = int(at) / g.c;
    const int h = line % g.p * g.stride - g.pad + tap / g.s;
    const int w = int(row) % g.q * g.stride - g.pad + tap % g.s;
    gpu::Vec<float, 1> r = {0};
    if (h >= 0 && h < g.h && w >= 0 && w < g.w)
      r = gpu::read<1>(x, gpu::offset(x, unsigned((image * g.h + h) * g.w + w), unsigned(c)));
    gpu::write(columns, gpu::offset(columns, row, at), r);
  });
}

GPU_KERNEL(256, 32)
conv2d_add_bias_kernel(const float* bias, View y) {
  gpu::for_each_element<1>(y.shape, [&](unsigned pixel, unsigned c) {
    gpu::write(y, gpu::offset(y, pixel, c), gpu::Vec<float, 1>{bias[c]}, Write::accumulate);
  });
}

gpu::Grid grid(Shape shape) {
  const std::int64_t blocks = implicit_gemm::ceil_div(shape.size(), 256);
  return {.blocks = {std::min<std::int64_t>(blocks, 4096)}, .threads = {256}};
}

}  // namespace

void conv2d_columns(const Launch& launch, Conv2dGeometry geometry, View x, Shape w, Shape y,
                    View columns) {
  gpu::require(columns.shape.size() < (std::int64_t(1) << 31), "conv2d", columns.shape,
               "columns have 2^31 elements");
  gpu::launch(launch, grid(columns.shape), conv2d_columns_kernel,
              implicit_gemm::make_problem(geometry, x.shape, w, y), x, columns);
}

void conv2d_gather(const Launch& launch, Conv2dGeometry geometry, View columns, Shape w, Shape y,
                   View bias, View dx, Write write) {
  gpu::require(columns.shape.size() < (std::int64_t(1) << 31), "conv2d", columns.shape,
               "columns have 2^31 elements");
  Problem g = implicit_gemm::make_problem(geometry, dx.shape, w, y);
  g.bias = bias.as<const float>();
  gpu::launch(launch, grid(dx.shape), implicit_gemm::conv2d_gather_spread<0>, g,
              columns.as<const float>(), dx, write);
}

void conv2d_add_bias(const Launch& launch, View bias, View y) {
  gpu::launch(launch, grid(y.shape), conv2d_add_bias_kernel, bias.as<const float>(), y);
}

}  // namespace dagan::DAGAN_BACKEND
