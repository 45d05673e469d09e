#include "kernels/corrupt/corrupt.h"
#include "kernels/corrupt/draws.h"
#include "kernels/device/elements.cuh"

namespace dagan::DAGAN_BACKEND {
namespace {

using gpu::Vec;

constexpr int kThreads = 256;

GPU_DEVICE std::uint32_t now(const View& step) {
  return *static_cast<const std::uint32_t*>(step.data);
}

// A block works on one image, blockIdx.y; a thread on one pixel.
GPU_KERNEL(kThreads, 32) augment_kernel(AugmentGeometry g, View step, View x, View y) {
  GPU_SHARED(Pose, s_pose, [1]);
  if (threadIdx.x == 0) s_pose[0] = pose(g, now(step), blockIdx.y);
  __syncthreads();
  const Pose to = s_pose[0];
  const auto width = int(x.shape.w), height = int(x.shape.h), channels = int(x.shape.c);
  const int pixels = height * width;
  const std::int64_t image = std::int64_t(blockIdx.y) * pixels;
  const int pixel = int(blockIdx.x * kThreads + threadIdx.x);
  if (pixel >= pixels) return;
  const auto row = source_pixel(pixel / width, height, to.down, to.flip_vertical);
  const auto column = source_pixel(pixel % width, width, to.right, to.flip_horizontal);
  const float* from = static_cast<const float*>(x.data) + (image + row * width + column) * channels;
  float* target = static_cast<float*>(y.data) + (image + pixel) * channels;
  for (int c = 0; c < channels; ++c) target[c] = from[c];
}

// What the last rectangle that covers an element makes of it.
GPU_DEVICE float damaged(const Damage* s_damage, int count, const View& x, unsigned image,
                         unsigned element) {
  const auto channels = unsigned(x.shape.c), width = unsigned(x.shape.w);
  const std::int64_t size = x.shape.h * x.shape.w * x.shape.c;
  const float* all = static_cast<const float*>(x.data);
  const float original = all[image * size + element];
  const unsigned pixel = element / channels, c = element % channels;
  for (int r = count - 1; r >= 0; --r) {
    const Damage& d = s_damage[r];
    const std::int64_t row = pixel / width - d.top, column = pixel % width - d.left;
    if (row < 0 || row >= d.height || column < 0 || column >= d.width) continue;
    if (!d.paste) return fminf(fmaxf(original + d.brightness, -1.0f), 1.0f);
    const std::int64_t from = (d.donor_top + row) * width + d.donor_left + column;
    return all[d.donor * size + from * channels + c];
  }
  return original;
}

// A block works on one image, blockIdx.y; a thread on the four elements that share a draw of noise.
GPU_KERNEL(kThreads, 56) corrupt_kernel(CorruptGeometry g, View step, View x, View y) {
  auto* s_damage = gpu::dynamic_shared<Damage>();
  const unsigned image = blockIdx.y;
  const int count = rectangle_count(g, now(step), image);
  for (int r = int(threadIdx.x); r < count; r += kThreads) {
    s_damage[r] = rectangle(g, now(step), x.shape, image, r);
  }
  __syncthreads();
  const auto size = unsigned(x.shape.h * x.shape.w * x.shape.c);
  const unsigned group = blockIdx.x * kThreads + threadIdx.x;
  if (4 * group >= size) return;
  Pair noise[2] = {};
  if (g.noise != 0) {
    const auto words = draw(g.seed, now(step), image, Draw::noise, group);
    noise[0] = normal_pair(words[0], words[1]);
    noise[1] = normal_pair(words[2], words[3]);
  }
  Vec<float, 4> r;
  for (unsigned i = 0; i < 4 && 4 * group + i < size; ++i) {
    const float normal = i % 2 ? noise[i / 2].second : noise[i / 2].first;
    const float value = damaged(s_damage, count, x, image, 4 * group + i);
    r[int(i)] = g.noise != 0 ? fmaf(g.noise, normal, value) : value;
  }
  float* target = static_cast<float*>(y.data) + std::int64_t(image) * size + 4 * group;
  if (size % 4 == 0) {
    gpu::store(target, r);
  } else {
    for (unsigned i = 0; i < 4 && 4 * group + i < size; ++i) target[i] = r[int(i)];
  }
}

gpu::Grid grid_of(Shape x, std::int64_t work) {
  gpu::require(x.n <= 65535 && x.size() < (std::int64_t(1) << 31), "corrupt", x,
               "is too large: at most 65535 images and 2^31 elements");
  return {.blocks = {(work + kThreads - 1) / kThreads, x.n}, .threads = {kThreads}};
}

}  // namespace

void augment(const Launch& launch, AugmentGeometry g, View step, View x, View y) {
  gpu::launch(launch, grid_of(x.shape, x.shape.h * x.shape.w), augment_kernel, g, step, x, y);
}

void corrupt(const Launch& launch, CorruptGeometry g, View step, View x, View y) {
  gpu::Grid grid = grid_of(x.shape, (x.shape.h * x.shape.w * x.shape.c + 3) / 4);
  grid.shared_bytes = std::int64_t(sizeof(Damage)) * (g.rectangles > 0 ? g.rectangles : 1);
  gpu::launch(launch, grid, corrupt_kernel, g, step, x, y);
}

}  // namespace dagan::DAGAN_BACKEND
