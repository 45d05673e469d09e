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

// A block works on one image, blockIdx.y; a thread on one element.
GPU_KERNEL(kThreads, 32) augment_kernel(AugmentGeometry g, View step, View x, View y) {
  GPU_SHARED(Pose, s_pose);
  if (threadIdx.x == 0) s_pose = pose(g, now(step), blockIdx.y);
  __syncthreads();
  const Pose to = s_pose;
  const auto height = int(x.shape.h), width = int(x.shape.w), channels = int(x.shape.c);
  const int size = height * width * channels, i = int(blockIdx.x * kThreads + threadIdx.x);
  if (i >= size) return;
  const int pixel = i / channels, c = i % channels;
  const int row = source_pixel(pixel / width, height, to.down, to.flip_vertical);
  const int column = source_pixel(pixel % width, width, to.right, to.flip_horizontal);
  const std::int64_t image = std::int64_t(blockIdx.y) * size;
  static_cast<float*>(y.data)[image + i] =
      static_cast<const float*>(x.data)[image + (row * width + column) * channels + c];
}

// What the last rectangle that covers an element makes of it.
GPU_DEVICE float damaged(const Damage* s_damage, int count, const View& x, unsigned element,
                         float original) {
  const auto channels = unsigned(x.shape.c), width = unsigned(x.shape.w);
  const unsigned pixel = element / channels, c = element % channels;
  for (int r = count - 1; r >= 0; --r) {
    const Damage& d = s_damage[r];
    const std::int64_t row = pixel / width - d.top, column = pixel % width - d.left;
    if (row < 0 || row >= d.height || column < 0 || column >= d.width) continue;
    if (!d.paste) {
      const float shifted = original + d.brightness;  // what is not a number stays so
      return shifted < -1 ? -1 : shifted > 1 ? 1 : shifted;
    }
    const std::int64_t from =
        (d.donor * x.shape.h + d.donor_top + row) * width + d.donor_left + column;
    return static_cast<const float*>(x.data)[from * channels + c];
  }
  return original;
}

// A block works on one image, blockIdx.y; a thread on the four elements that share a draw of noise,
// which move at once where kWide.
template <bool kWide>
GPU_KERNEL(kThreads, 56)
corrupt_kernel(CorruptGeometry g, View step, View x, View y) {
  auto* s_damage = gpu::dynamic_shared<Damage>();
  const unsigned image = blockIdx.y;
  const int count = rectangle_count(g, now(step), image);
  for (int r = int(threadIdx.x); r < count; r += kThreads) {
    s_damage[r] = rectangle(g, now(step), x.shape, image, r);
  }
  __syncthreads();
  const auto size = unsigned(x.shape.h * x.shape.w * x.shape.c);
  const unsigned group = blockIdx.x * kThreads + threadIdx.x, first = 4 * group;
  if (first >= size) return;
  const unsigned left = kWide || size - first > 4 ? 4 : size - first;
  const std::int64_t offset = std::int64_t(image) * size + first;
  const float* g_x = static_cast<const float*>(x.data) + offset;
  float* g_y = static_cast<float*>(y.data) + offset;

  Vec<float, 4> r = {};
  if constexpr (kWide) {
    r = gpu::load<float, 4>(g_x);
  } else {
    for (unsigned i = 0; i < 4; ++i) r[int(i)] = i < left ? g_x[i] : 0;
  }
  for (unsigned i = 0; i < left; ++i) {
    r[int(i)] = damaged(s_damage, count, x, first + i, r[int(i)]);
  }
  if (g.noise != 0) {
    const auto words = draw(g.seed, now(step), image, Draw::noise, group);
    const Pair a = normal_pair(words[0], words[1]), b = normal_pair(words[2], words[3]);
    r = {fmaf(g.noise, a.first, r[0]), fmaf(g.noise, a.second, r[1]), fmaf(g.noise, b.first, r[2]),
         fmaf(g.noise, b.second, r[3])};
  }
  if constexpr (kWide) {
    gpu::store(g_y, r);
  } else {
    for (unsigned i = 0; i < 4; ++i)
      if (i < left) g_y[i] = r[int(i)];
  }
}

gpu::Grid grid_of(Shape x, std::int64_t work) {
  gpu::require(x.n <= 65535 && x.size() < (std::int64_t(1) << 31), "corrupt", x,
               "is too large: at most 65535 images and 2^31 elements");
  return {.blocks = {(work + kThreads - 1) / kThreads, x.n}, .threads = {kThreads}};
}

bool aligned(const View& view) { return reinterpret_cast<std::uintptr_t>(view.data) % 16 == 0; }

}  // namespace

void augment(const Launch& launch, AugmentGeometry g, View step, View x, View y) {
  gpu::launch(launch, grid_of(x.shape, x.shape.h * x.shape.w * x.shape.c), augment_kernel, g, step,
              x, y);
}

void corrupt(const Launch& launch, CorruptGeometry g, View step, View x, View y) {
  const std::int64_t size = x.shape.h * x.shape.w * x.shape.c;
  gpu::Grid grid = grid_of(x.shape, (size + 3) / 4);
  grid.shared_bytes = std::int64_t(sizeof(Damage)) * (g.rectangles > 0 ? g.rectangles : 1);
  const bool wide = size % 4 == 0 && aligned(x) && aligned(y);
  gpu::launch(launch, grid, wide ? corrupt_kernel<true> : corrupt_kernel<false>, g, step, x, y);
}

}  // namespace dagan::DAGAN_BACKEND
