#include "kernels/ceilings/ceilings.h"
#include "kernels/device/gpu.h"

namespace dagan::DAGAN_BACKEND {
namespace {

constexpr int kSums = 16;  // of a thread
constexpr int kTiles = 8;  // of a warp, each 16 x 8
constexpr int kWarps = kCeilingThreads / 32;

GPU_KERNEL(kCeilingThreads, 32)
ceiling_multiply_add(int rounds, float* sink) {
  const unsigned thread = blockIdx.x * blockDim.x + threadIdx.x;
  const float r_x = sink[thread];
  float r_sum[kSums];
#pragma unroll
  for (int i = 0; i < kSums; ++i) r_sum[i] = float(i);
  for (int round = 0; round < rounds; ++round) {
#pragma unroll
    for (int i = 0; i < kSums; ++i) r_sum[i] = fmaf(r_sum[i], r_x, r_x);
  }
  float r_all = 0;
#pragma unroll
  for (int i = 0; i < kSums; ++i) r_all += r_sum[i];
  sink[thread] = r_all;
}

template <bool kBf16>
GPU_KERNEL(kCeilingThreads, 64)
ceiling_products(int rounds, float* sink) {
  const unsigned thread = blockIdx.x * blockDim.x + threadIdx.x;
  const unsigned r_x = __float_as_uint(sink[thread]);
  const unsigned r_a[4] = {r_x, r_x, r_x, r_x}, r_b[2] = {r_x, r_x};
  float r_sum[kTiles][4] = {};
  for (int round = 0; round < rounds; ++round) {
#pragma unroll
    for (int i = 0; i < kTiles; ++i) {
      if constexpr (kBf16) {
        gpu::mma_bf16(r_sum[i], r_a, r_b);
      } else {
        gpu::mma_tf32(r_sum[i], r_a, r_b);
      }
    }
  }
  float r_all = 0;
#pragma unroll
  for (int i = 0; i < kTiles; ++i) r_all += r_sum[i][0] + r_sum[i][1] + r_sum[i][2] + r_sum[i][3];
  sink[thread] = r_all;
}

gpu::Grid grid(int blocks) { return {.blocks = {blocks}, .threads = {kCeilingThreads}}; }

void multiply_add(const Launch& launch, int blocks, int rounds, float* sink) {
  gpu::launch(launch, grid(blocks), ceiling_multiply_add, rounds, sink);
}

template <bool kBf16>
void products(const Launch& launch, int blocks, int rounds, float* sink) {
  gpu::launch(launch, grid(blocks), ceiling_products<kBf16>, rounds, sink);
}

}  // namespace

constexpr Ceilings ceilings = {
    .multiply_add = multiply_add,
    .products_tf32 = products<false>,
    .products_bf16 = products<true>,
    .multiply_add_flop = 2.0 * kSums * kCeilingThreads,
    .products_tf32_flop = 2.0 * 16 * 8 * 8 * kTiles * kWarps,
    .products_bf16_flop = 2.0 * 16 * 8 * 16 * kTiles * kWarps,
};

}  // namespace dagan::DAGAN_BACKEND
