#include "tests/emulator_kernels.cuh"

namespace dagan::DAGAN_BACKEND::words {
namespace {

using gpu::Vec;

GPU_KERNEL(32, 64) writes_past_end_kernel(const int*, int*, int n) {
  GPU_SHARED(int, s_x, [32]);
  int* s_end = s_x + threadIdx.x + n;
  *s_end = 1;
}

GPU_KERNEL(32, 64) writes_before_begin_kernel(const int*, int*, int n) {
  GPU_SHARED(int, s_x, [32]);
  int* s_begin = s_x + threadIdx.x - n;
  *s_begin = 1;
}

GPU_KERNEL(32, 64) too_much_static_kernel(const int*, int*, int) {
  GPU_SHARED(int, s_x, [12 * 1024 + 1]);
  s_x[threadIdx.x] = 1;
}

GPU_KERNEL(32, 64) static_and_dynamic_kernel(const int*, int*, int) {
  GPU_SHARED(int, s_x, [1024]);
  s_x[threadIdx.x] = 1;
}

GPU_KERNEL(64, 64) divergent_barriers_kernel(const int*, int*, int) {
  if (threadIdx.x < 32) {
    __syncthreads();  // here: one barrier
  } else {
    __syncthreads();  // here: another barrier
  }
}

GPU_KERNEL(64, 64) leaves_before_barrier_kernel(const int*, int*, int) {
  if (threadIdx.x == 40) return;
  __syncthreads();  // here: barrier that one misses
}

GPU_KERNEL(64, 64) barrier_after_leaving_kernel(const int*, int*, int) {
  if (threadIdx.x == 0) return;
  __syncthreads();  // here: missed barrier
}

GPU_KERNEL(64, 64) barrier_of_half_kernel(const int*, int*, int) {
  if (threadIdx.x < 32) __syncthreads();                    // here: barrier of half
  if (threadIdx.x >= 32 && threadIdx.x < 40) __syncwarp();  // here: warp of a few
}

GPU_KERNEL(32, 64) leaves_warp_kernel(const int*, int*, int) {
  if (threadIdx.x < 16) __syncwarp();  // here: warp that some leave
}

GPU_KERNEL(32, 64) mask_without_self_kernel(const int*, int*, int) {
  __syncwarp(0x7fffffffu);  // here: mask without self
}

GPU_KERNEL(32, 64) mask_with_left_lane_kernel(const int*, int*, int) {
  if (threadIdx.x == 0) return;
  __syncwarp();  // here: mask with a lane that left
}

GPU_KERNEL(32, 64) masks_differ_kernel(const int*, int*, int) {
  __syncwarp(threadIdx.x < 16 ? 0x0001ffffu : ~0u);  // here: masks differ
}

GPU_KERNEL(32, 64) shuffle_from_outside_kernel(const float* in, float* out, int) {
  if (threadIdx.x < 16) {
    out[threadIdx.x] = __shfl_sync(0xffffu, in[threadIdx.x], 20);  // here: shuffle from outside
  }
}

// Thread 20 reads what lane 0 wrote; the first n lanes have a barrier in between.
GPU_KERNEL(32, 64)
orders_half_a_warp_kernel(const int*, int* out, int n) {
  GPU_SHARED(int, s_x, [1]);
  if (threadIdx.x == 0) s_x[0] = 1;  // here: lane 0
  if (int(threadIdx.x) < n) __syncwarp(n == 32 ? ~0u : (1u << n) - 1);
  if (threadIdx.x == 20) *out = s_x[0];  // here: other lane
}

GPU_KERNEL(32, 64) product_of_half_warp_kernel(const unsigned* in, float* out, int) {
  float r_d[4] = {};
  const unsigned r_a[4] = {in[0]}, r_b[2] = {};
  gpu::mma_bf16(r_d, r_a, r_b);  // here: product of half a warp
  out[threadIdx.x] = r_d[0];
}

GPU_KERNEL(32, 64) shuffles_differ_kernel(const float* in, float* out, int) {
  const float r = in[threadIdx.x];
  if (threadIdx.x < 16) {
    out[threadIdx.x] = __shfl_up_sync(~0u, r, 1);  // here: one shuffle
  } else {
    out[threadIdx.x] = __shfl_down_sync(~0u, r, 1);  // here: another shuffle
  }
}

GPU_KERNEL(1, 64) no_dynamic_shared_kernel(const int*, int*, int) {
  *gpu::dynamic_shared<int>() = 1;  // here: no dynamic memory
}

GPU_KERNEL(1, 64) launches_a_kernel_kernel(const int* in, int* out, int n) {
  gpu::launch({}, {}, leaves_warp_kernel, in, out, n);
}

GPU_KERNEL(32, 64) strided_shared_kernel(const float*, float*, int n) {
  GPU_SHARED(float, s_x, [32 * 33]);
  s_x[int(threadIdx.x) * n] = 1;
}

GPU_KERNEL(32, 64) strided_shared_wide_kernel(const float*, float*, int n) {
  GPU_SHARED(float, s_x, [32 * 64]);
  gpu::store(s_x + int(threadIdx.x) * n, Vec<float, 4>{});
}

GPU_KERNEL(32, 64) strided_global_kernel(const float* in, float* out, int n) {
  out[threadIdx.x] = in[int(threadIdx.x) * n];
}

GPU_KERNEL(32, 64) strided_copies_kernel(const float* in, float*, int n) {
  GPU_SHARED(float, s_x, [32][4]);
  gpu::copy_async<16>(s_x[threadIdx.x], in + int(threadIdx.x) * n, true);  // here: copies
  gpu::commit_copies();
  gpu::wait_copies<0>();
}

}  // namespace

WORD(writes_past_end)
WORD(writes_before_begin)
WORD(too_much_static)
WORD(static_and_dynamic)
WORD(divergent_barriers)
WORD(leaves_before_barrier)
WORD(barrier_after_leaving)
WORD(barrier_of_half)
WORD(leaves_warp)
WORD(mask_without_self)
WORD(mask_with_left_lane)
WORD(masks_differ)
WORD(shuffle_from_outside)
WORD(orders_half_a_warp)
WORD(product_of_half_warp)
WORD(shuffles_differ)
WORD(no_dynamic_shared)
WORD(launches_a_kernel)
WORD(strided_shared)
WORD(strided_shared_wide)
WORD(strided_global)
WORD(strided_copies)

}  // namespace dagan::DAGAN_BACKEND::words
