#include "core/bf16.h"
#include "tests/emulator_kernels.cuh"

namespace dagan::DAGAN_BACKEND::words {
namespace {

// The number of the thread in its block, and in the launch.
GPU_DEVICE int in_block() {
  return int(threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z));
}
GPU_DEVICE int in_grid() {
  const unsigned block = blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z);
  return int(block * blockDim.x * blockDim.y * blockDim.z) + in_block();
}

GPU_KERNEL(1024, 64) indices_kernel(const int*, unsigned* out, int) {
  unsigned* mine = out + 8 * in_grid();
  mine[0] = blockIdx.x + 100 * blockIdx.y + 10000 * blockIdx.z;
  mine[1] = threadIdx.x + 100 * threadIdx.y + 10000 * threadIdx.z;
  mine[2] = blockDim.x + 100 * blockDim.y + 10000 * blockDim.z;
  mine[3] = gridDim.x + 100 * gridDim.y + 10000 * gridDim.z;
  mine[4] = unsigned(warpSize);
}

GPU_KERNEL(1024, 64) barriers_kernel(const int*, int* out, int n) {
  const int thread = in_grid();
  out[3 * thread] = __syncthreads_count(in_block() < n);
  out[3 * thread + 1] = __syncthreads_or(in_block() < n);
  out[3 * thread + 2] = __syncthreads_and(in_block() < n);
}

GPU_KERNEL(256, 64) reversed_kernel(const float* in, float* out, int) {
  GPU_SHARED(float, s_x, [256]);
  s_x[threadIdx.x] = in[in_grid()];
  __syncthreads();
  out[in_grid()] = s_x[blockDim.x - 1 - threadIdx.x];
}

GPU_KERNEL(256, 64) reversed_dynamic_kernel(const float* in, float* out, int) {
  auto* s_x = gpu::dynamic_shared<float>();
  s_x[threadIdx.x] = in[in_grid()];
  __syncthreads();
  out[in_grid()] = s_x[blockDim.x - 1 - threadIdx.x];
}

GPU_KERNEL(256, 64) reversed_warps_kernel(const float* in, float* out, int) {
  GPU_SHARED(float, s_x, [256]);
  const int first = int(threadIdx.x) / 32 * 32, lane = int(threadIdx.x) % 32;
  const int lanes = int(blockDim.x) - first < 32 ? int(blockDim.x) - first : 32;
  s_x[threadIdx.x] = in[threadIdx.x];
  __syncwarp();
  out[threadIdx.x] = s_x[first + lanes - 1 - lane];
}

GPU_KERNEL(32, 64) shuffles_kernel(const float* in, float* out, int n) {
  const int lane = int(threadIdx.x);
  const auto mask = unsigned(n);
  for (int i = 0; i < 24; ++i) out[i * 32 + lane] = -1;
  if (!(mask >> lane & 1)) return;
  const float x = in[lane];
  const int widths = mask == ~0u ? 6 : 5;  // wider ones would read outside of half a warp
  for (int i = 0; i < widths; ++i) {
    const int width = 1 << i;
    out[i * 32 + lane] = __shfl_sync(mask, x, 1, width);
    out[(6 + i) * 32 + lane] = __shfl_xor_sync(mask, x, 1, width);
    out[(12 + i) * 32 + lane] = __shfl_up_sync(mask, x, 1, width);
    out[(18 + i) * 32 + lane] = __shfl_down_sync(mask, x, 1, width);
  }
}

GPU_KERNEL(32, 64) shuffles_double_kernel(const double* in, double* out, int) {
  const int lane = int(threadIdx.x);
  out[lane] = __shfl_sync(~0u, in[lane], 3);
  out[32 + lane] = __shfl_xor_sync(~0u, in[lane], 16);
  out[64 + lane] = __shfl_up_sync(~0u, in[lane], 2);
  out[96 + lane] = __shfl_down_sync(~0u, in[lane], 2);
}

GPU_KERNEL(64, 64) votes_kernel(const int* in, unsigned* out, int n) {
  const auto mask = unsigned(n);
  if (!(mask >> threadIdx.x % 32 & 1)) return;
  out[3 * threadIdx.x] = __ballot_sync(mask, in[threadIdx.x]);
  out[3 * threadIdx.x + 1] = unsigned(__any_sync(mask, in[threadIdx.x]));
  out[3 * threadIdx.x + 2] = unsigned(__all_sync(mask, in[threadIdx.x]));
}

GPU_KERNEL(256, 64) atomics_kernel(const int* in, int* out, int n) {
  const int i = in_grid();
  if (i >= n) return;
  atomicAdd(out, in[i]);
  atomicMax(out + 1, in[i]);
  atomicMin(out + 2, in[i]);
  atomicOr(out + 3, in[i]);
  out[5 + i] = atomicExch(out + 4, in[i]);
}

GPU_KERNEL(32, 64) bits_kernel(const unsigned* in, unsigned* out, int n) {
  const int i = int(threadIdx.x);
  if (i >= n) return;
  out[4 * i] = unsigned(__popc(in[i]));
  out[4 * i + 1] = unsigned(__ffs(int(in[i])));
  out[4 * i + 2] = unsigned(__clz(int(in[i])));
  out[4 * i + 3] = __float_as_uint(__uint_as_float(in[i]));
}

GPU_KERNEL(256, 64) vectors_kernel(const float* in, float* out, int n) {
  const auto x = gpu::load<float, 4>(in + n + 4 * threadIdx.x);  // here: unaligned load
  gpu::store(out + 4 * threadIdx.x, x);
}

GPU_KERNEL(256, 64) vectors_bf16_kernel(const bf16* in, bf16* out, int n) {
  const auto x = gpu::load<bf16, 4>(in + 4 * threadIdx.x);
  gpu::store(out + n + 4 * threadIdx.x, x);  // here: unaligned store
}

GPU_KERNEL(8, 64) copies_kernel(const float* in, float* out, int n) {
  GPU_SHARED(float, s_x, [8][8]);
  const int i = int(threadIdx.x);
  const bool valid = i < n;
  gpu::copy_async<16>(&s_x[i][0], in + 8 * i, valid);
  gpu::copy_async<8>(&s_x[i][4], in + 8 * i + 4, valid);
  gpu::copy_async<4>(&s_x[i][6], in + 8 * i + 6, valid);
  gpu::commit_copies();
  gpu::wait_copies<0>();
  for (int j = 0; j < 8; ++j) out[8 * i + j] = s_x[i][j];
}

GPU_KERNEL(32, 64) copy_groups_kernel(const float* in, float* out, int) {
  GPU_SHARED(float, s_x, [32][3]);
  const int i = int(threadIdx.x);
  for (int j = 0; j < 3; ++j) {
    gpu::copy_async<4>(&s_x[i][j], in + 3 * i + j, true);
    gpu::commit_copies();
  }
  gpu::wait_copies<2>();
  for (int j = 0; j < 3; ++j) out[9 * i + j] = s_x[i][j];
  gpu::wait_copies<1>();
  for (int j = 0; j < 3; ++j) out[9 * i + 3 + j] = s_x[i][j];
  gpu::wait_copies<0>();
  for (int j = 0; j < 3; ++j) out[9 * i + 6 + j] = s_x[i][j];
}

GPU_KERNEL(1, 64) copy_unaligned_kernel(const char* in, float* out, int n) {
  GPU_SHARED(float, s_x, [16]);
  gpu::copy_async<16>(reinterpret_cast<char*>(s_x) + n, in, true);  // here: unaligned copy
  gpu::commit_copies();
  gpu::wait_copies<0>();
  *out = s_x[0];
}

GPU_KERNEL(1, 64) copy_to_global_kernel(const float* in, float* out, int) {
  gpu::copy_async<16>(out, in, true);  // here: copy to global
}

GPU_KERNEL(32, 64) matrices_kernel(const bf16* in, unsigned* out, int n) {
  GPU_SHARED(bf16, s_m, [32][8]);
  const int lane = int(threadIdx.x);
  for (int i = 0; i < 8; ++i) s_m[lane][i] = in[8 * lane + i];
  __syncwarp();
  unsigned r[4];
  gpu::load_matrices(r, &s_m[lane][n]);  // here: unaligned row
  for (int i = 0; i < 4; ++i) out[4 * lane + i] = r[i];
  gpu::load_matrices_transposed(r, &s_m[lane][0]);
  for (int i = 0; i < 4; ++i) out[128 + 4 * lane + i] = r[i];
}

GPU_DEVICE unsigned pair(bf16 low, bf16 high) { return low.bits | unsigned(high.bits) << 16; }

// The layouts of PTX, "Matrix Fragments for mma.m16n8k16" and m16n8k8.
GPU_KERNEL(64, 64) product_bf16_kernel(const bf16* in, float* out, int) {
  const bf16* b = in + 256;
  const int group = int(threadIdx.x) / 4, part = int(threadIdx.x) % 4;
  unsigned r_a[4], r_b[2];
  for (int i = 0; i < 4; ++i) {
    const bf16* at = in + (group + i % 2 * 8) * 16 + part * 2 + i / 2 * 8;
    r_a[i] = pair(at[0], at[1]);
  }
  for (int i = 0; i < 2; ++i) {
    const int k = part * 2 + i * 8;
    r_b[i] = pair(b[k * 8 + group], b[(k + 1) * 8 + group]);
  }
  float r_d[4];
  for (int i = 0; i < 4; ++i) r_d[i] = out[(group + i / 2 * 8) * 8 + part * 2 + i % 2];
  gpu::mma_bf16(r_d, r_a, r_b);
  for (int i = 0; i < 4; ++i) out[(group + i / 2 * 8) * 8 + part * 2 + i % 2] = r_d[i];
}

GPU_KERNEL(32, 64) product_tf32_kernel(const float* in, float* out, int) {
  const float* b = in + 128;
  const int group = int(threadIdx.x) / 4, part = int(threadIdx.x) % 4;
  unsigned r_a[4], r_b[2];
  for (int i = 0; i < 4; ++i) {
    r_a[i] = gpu::to_tf32(in[(group + i % 2 * 8) * 8 + part + i / 2 * 4]);
  }
  for (int i = 0; i < 2; ++i) r_b[i] = gpu::to_tf32(b[(part + i * 4) * 8 + group]);
  float r_d[4];
  for (int i = 0; i < 4; ++i) r_d[i] = out[(group + i / 2 * 8) * 8 + part * 2 + i % 2];
  gpu::mma_tf32(r_d, r_a, r_b);
  for (int i = 0; i < 4; ++i) out[(group + i / 2 * 8) * 8 + part * 2 + i % 2] = r_d[i];
}

GPU_KERNEL(32, 64) tf32_kernel(const float* in, unsigned* out, int n) {
  if (int(threadIdx.x) < n) out[threadIdx.x] = gpu::to_tf32(in[threadIdx.x]);
}

GPU_KERNEL(64, 64) unwritten_kernel(const float*, float* out, int) {
  GPU_SHARED(float, s_x, [64]);
  auto* s_y = gpu::dynamic_shared<float>();
  out[2 * in_grid()] = s_x[threadIdx.x];
  out[2 * in_grid() + 1] = s_y[threadIdx.x];
  s_x[threadIdx.x] = s_y[threadIdx.x] = 1;
}

GPU_KERNEL(64, 64) sums_kernel(const float* in, float* out, int) {
  GPU_SHARED(float, s_sum, [64]);
  s_sum[threadIdx.x] = in[in_grid()];
  for (int half = 32; half > 0; half /= 2) {
    __syncthreads();
    if (int(threadIdx.x) < half) s_sum[threadIdx.x] += s_sum[threadIdx.x + unsigned(half)];
  }
  if (threadIdx.x == 0) out[blockIdx.x] = s_sum[0];
}

GPU_KERNEL(1024, 64) barrier_loop_kernel(const int*, int*, int n) {
  for (int i = 0; i < n; ++i) __syncthreads();
}

}  // namespace

WORD(indices)
WORD(barriers)
WORD(reversed)
WORD(reversed_dynamic)
WORD(reversed_warps)
WORD(shuffles)
WORD(shuffles_double)
WORD(votes)
WORD(atomics)
WORD(bits)
WORD(vectors)
WORD(vectors_bf16)
WORD(copies)
WORD(copy_groups)
WORD(copy_unaligned)
WORD(copy_to_global)
WORD(matrices)
WORD(product_bf16)
WORD(product_tf32)
WORD(tf32)
WORD(unwritten)
WORD(sums)
WORD(barrier_loop)

}  // namespace dagan::DAGAN_BACKEND::words
