// One thread per output element: the definition, in parallel.
#include "kernels/conv2d/gpu/launch.cuh"
#include "kernels/conv2d/versions/versions.h"

namespace dagan::DAGAN_BACKEND {
namespace {

GPU_KERNEL(256, 64)
conv2d_naive_kernel(Conv2dGeometry geometry, View x, View w, View bias, View y, Write write) {
  const auto i = int(blockIdx.x * blockDim.x + threadIdx.x);
  if (i >= int(y.shape.size())) return;
  const int filters = int(y.shape.c), columns = int(y.shape.w), lines = int(y.shape.h);
  const int k = i % filters, pixel = i / filters;
  const int first_w = pixel % columns * geometry.stride - geometry.pad;
  const int first_h = pixel / columns % lines * geometry.stride - geometry.pad;
  const int height = int(x.shape.h), width = int(x.shape.w), channels = int(x.shape.c);
  const int r_count = int(w.shape.h), s_count = int(w.shape.w);
  const int image = pixel / columns / lines * height;
  float sum = 0;
  for (int r = 0; r < r_count; ++r) {
    for (int s = 0; s < s_count; ++s) {
      const int h = first_h + r, v = first_w + s;
      if (h < 0 || h >= height || v < 0 || v >= width) continue;
      const std::int64_t from = gpu::offset(x, unsigned((image + h) * width + v), 0);
      const std::int64_t filter = ((std::int64_t(k) * r_count + r) * s_count + s) * channels;
      for (int c = 0; c < channels; ++c) {
        sum = fmaf(gpu::read<1>(x, from + c)[0], gpu::read<1>(w, filter + c)[0], sum);
      }
    }
  }
  if (bias.data != nullptr) sum += static_cast<const float*>(bias.data)[k];
  gpu::write(y, gpu::offset(y, unsigned(pixel), unsigned(k)), gpu::Vec<float, 1>{sum}, write);
}

}  // namespace

void conv2d_naive(const Launch& launch, Conv2dGeometry geometry, View x, View w, View bias, View y,
                  Write write) {
  implicit_gemm::make_problem(geometry, x.shape, w.shape, y.shape);
  gpu::launch(launch, {.blocks = {implicit_gemm::ceil_div(y.shape.size(), 256)}, .threads = {256}},
              conv2d_naive_kernel, geometry, x, w, bias, y, write);
}

}  // namespace dagan::DAGAN_BACKEND
