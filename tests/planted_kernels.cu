#include "core/bf16.h"
#include "kernels/device/gpu.h"
#include "tests/planted_kernels.h"

namespace dagan::DAGAN_BACKEND::planted {
namespace {

struct Geometry {
  int n, h, w, c, k;
};

// Implicit GEMM over tiles of 16 pixels, 16 filters and 16 terms of the sum; a thread per output.
template <Bug kBug>
GPU_KERNEL(256, 64)
convolution_kernel(Geometry g, const float* g_x, const float* g_filter, float* g_y) {
  GPU_SHARED(float, s_x, [16][17]);
  GPU_SHARED(float, s_filter, [16][17]);
  const int column = int(threadIdx.x) % 16, row = int(threadIdx.x) / 16;
  const int p = g.h / 2, q = g.w / 2, pixels = g.n * p * q, terms = 16 * g.c;
  const int pixel = int(blockIdx.x) * 16 + row, filter = int(blockIdx.y) * 16 + column;
  const int top = pixel / q % p * 2 - 1, left = pixel % q * 2 - 1, image = pixel / (p * q);
  float sum = 0;
  for (int first = 0; first < terms; first += 16) {
    const int term = first + column;
    const int y = top + term / (4 * g.c), x = left + term / g.c % 4;
    const bool inside = y >= 0 && y < g.h && x >= 0 && x < g.w;
    const bool valid = pixel < pixels && (inside || kBug == Bug::no_border_test);
    s_x[row][column] = valid ? g_x[((image * g.h + y) * g.w + x) * g.c + term % g.c] : 0.0f;
    s_filter[column + (kBug == Bug::past_shared_end)][row] =
        filter < g.k ? g_filter[filter * terms + first + row] : 0.0f;
    if (kBug == Bug::divergent_barrier) {
      if (threadIdx.x < 128) __syncthreads();
    } else if (kBug != Bug::no_barrier_after_load) {
      __syncthreads();
    }
    for (int i = 0; i < 16; ++i) sum = fmaf(s_x[row][i], s_filter[column][i], sum);
    if (kBug != Bug::no_barrier_before_load) __syncthreads();
  }
  const bool in_tail = pixel >= pixels && kBug != Bug::no_tail_test;
  if (!in_tail && filter < g.k) g_y[pixel * g.k + filter] = sum;
}

// 64x64 outputs in steps of 32 terms with two buffers; four warps of 32x32.
template <Bug kBug>
GPU_KERNEL(128, 128)
product_kernel(int m, int n, int k, const bf16* g_a, const bf16* g_b, float* g_c) {
  constexpr int kStep = 32, kPitch = kStep + 8;
  GPU_SHARED(bf16, s_a, [2][64][kPitch]);
  GPU_SHARED(bf16, s_b, [2][64][kPitch]);
  const int thread = int(threadIdx.x), lane = thread % 32, warp = thread / 32;
  const int warp_row = warp / 2 * 32, warp_column = warp % 2 * 32;
  const int first_row = int(blockIdx.y) * 64, first_column = int(blockIdx.x) * 64;
  float r_c[2][4][4] = {};
  const auto load = [&](int buffer, int term) {
    for (int i = thread; i < 256; i += 128) {
      const int row = i / 4, at = i % 4 * 8;
      const bool a = first_row + row < m && term + at < k;
      const bool b = first_column + row < n && term + at < k;
      gpu::copy_async<16>(&s_a[buffer][row][at], a ? g_a + (first_row + row) * k + term + at : g_a,
                          a);
      gpu::copy_async<16>(&s_b[buffer][row][at],
                          b ? g_b + (first_column + row) * k + term + at : g_b, b);
    }
    gpu::commit_copies();
  };
  load(0, 0);
  for (int term = 0, buffer = 0; term < k; term += kStep, buffer ^= 1) {
    if (term + kStep < k) {
      load(buffer ^ 1, term + kStep);
      gpu::wait_copies<kBug == Bug::wait_off_by_one ? 2 : 1>();
    } else {
      gpu::wait_copies<0>();
    }
    if (kBug != Bug::no_barrier_after_wait) __syncthreads();
    for (int part = 0; part < kStep; part += 16) {
      unsigned r_a[2][4], r_b[4][2];
      for (int i = 0; i < 2; ++i) {
        gpu::load_matrices(r_a[i],
                           &s_a[buffer][warp_row + i * 16 + lane % 16][part + lane / 16 * 8]);
      }
      for (int j = 0; j < 4; j += 2) {
        unsigned r[4];
        const int row = warp_column + j * 8 + lane % 8 + lane / 16 * 8;
        gpu::load_matrices(r, &s_b[buffer][row][part + lane / 8 % 2 * 8]);
        r_b[j][0] = r[0];
        r_b[j][1] = r[1];
        r_b[j + 1][0] = r[2];
        r_b[j + 1][1] = r[3];
      }
      for (int i = 0; i < 2; ++i) {
        for (int j = 0; j < 4; ++j) gpu::mma_bf16(r_c[i][j], r_a[i], r_b[j]);
      }
    }
    if (kBug != Bug::no_barrier_before_refill) __syncthreads();
  }
  for (int i = 0; i < 2; ++i) {
    for (int j = 0; j < 4; ++j) {
      for (int r = 0; r < 4; ++r) {
        const int row = first_row + warp_row + i * 16 + lane / 4 + r / 2 * 8;
        const int column = first_column + warp_column + j * 8 + lane % 4 * 2 + r % 2;
        if (row < m && column < n) g_c[row * n + column] = r_c[i][j][r];
      }
    }
  }
}

template <Bug kBug>
GPU_KERNEL(256, 32)
block_sum_kernel(int n, const float* g_x, float* g_sum) {
  GPU_SHARED(float, s_sum, [256]);
  const int thread = int(threadIdx.x);
  float sum = 0;
  for (int i = thread; i < n; i += 256) sum += g_x[i];
  s_sum[thread] = sum;
  if (kBug == Bug::early_return && thread >= 200) return;
  if (kBug != Bug::no_barrier_before_tree) __syncthreads();
  for (int half = 128; half > 0; half /= 2) {
    if (thread < half) s_sum[thread] += s_sum[thread + half];
    if (kBug != Bug::no_barrier_inside_tree) __syncthreads();
  }
  if (thread == 0) *g_sum = s_sum[0];
}

template <Bug kBug>
GPU_KERNEL(32, 32)
warp_sum_kernel(const float* g_x, float* g_sum) {
  GPU_SHARED(float, s_sum, [64]);
  const int lane = int(threadIdx.x);
  s_sum[lane] = g_x[lane];
  s_sum[lane + 32] = 0;
  for (int half = 16; half > 0; half /= 2) {
    if (kBug != Bug::no_warp_barrier) __syncwarp();
    const float other = s_sum[lane + half];
    if (kBug != Bug::no_warp_barrier) __syncwarp();
    s_sum[lane] += other;
  }
  if (lane == 0) *g_sum = s_sum[0];
}

template <Bug kBug>
GPU_KERNEL(256, 32)
neighbours_kernel(const float* g_x, float* g_y) {
  GPU_SHARED(float, s_x, [256]);
  const int thread = int(threadIdx.x);
  if (kBug != Bug::never_written || thread != 100) s_x[thread] = g_x[thread];
  __syncthreads();
  const float* s_next = s_x + thread + 1;
  if (kBug != Bug::past_shared_end && thread == 255) s_next = s_x + 255;
  g_y[thread] = *s_next;
}

template <Bug kBug>
GPU_KERNEL(256, 32)
histogram_kernel(int n, const unsigned* g_x, unsigned* g_count) {
  const int i = int(blockIdx.x * blockDim.x + threadIdx.x);
  if (i >= n) return;
  if (kBug == Bug::no_atomic) {
    g_count[g_x[i]] += 1;
  } else {
    atomicAdd(&g_count[g_x[i]], 1u);
  }
}

template <Bug kBug>
GPU_KERNEL(256, 32)
maximum_kernel(const unsigned* g_x, unsigned* g_max) {
  const unsigned x = g_x[threadIdx.x];
  if (kBug == Bug::no_atomic) {
    if (x > *g_max) *g_max = x;
  } else {
    atomicMax(g_max, x);
  }
}

template <Bug kBug>
GPU_KERNEL(32, 32)
halves_kernel(const float* g_x, float* g_y) {
  const float x = g_x[threadIdx.x];
  float other = 0;
  if (kBug != Bug::divergent_shuffle || threadIdx.x < 16) {
    other = __shfl_xor_sync(~0u, x, 16);
  }
  g_y[threadIdx.x] = x + other;
}

// Calls f with one of the bugs as a constant.
template <Bug... kBugs, class F>
void with(Bug bug, F f) {
  ((bug == kBugs ? f.template operator()<kBugs>() : void()), ...);
}

template <class T>
const T* data(View view) {
  return static_cast<const T*>(view.data);
}

}  // namespace

void convolution(const Launch& launch, Bug bug, const View* in, View out) {
  const Shape x = in[0].shape;
  const Geometry g = {int(x.n), int(x.h), int(x.w), int(x.c), int(out.shape.c)};
  const gpu::Grid grid = {.blocks = {(out.shape.pixels() + 15) / 16, (out.shape.c + 15) / 16},
                          .threads = {256}};
  with<Bug::none, Bug::no_barrier_after_load, Bug::no_barrier_before_load, Bug::past_shared_end,
       Bug::no_border_test, Bug::no_tail_test, Bug::divergent_barrier>(bug, [&]<Bug kBug>() {
    gpu::launch(launch, grid, convolution_kernel<kBug>, g, data<float>(in[0]), data<float>(in[1]),
                static_cast<float*>(out.data));
  });
}

void product(const Launch& launch, Bug bug, const View* in, View out) {
  const auto m = int(in[0].shape.w), n = int(in[1].shape.w), k = int(in[0].shape.c);
  const gpu::Grid grid = {.blocks = {(n + 63) / 64, (m + 63) / 64}, .threads = {128}};
  with<Bug::none, Bug::wait_off_by_one, Bug::no_barrier_after_wait, Bug::no_barrier_before_refill>(
      bug, [&]<Bug kBug>() {
        gpu::launch(launch, grid, product_kernel<kBug>, m, n, k, data<bf16>(in[0]),
                    data<bf16>(in[1]), static_cast<float*>(out.data));
      });
}

void block_sum(const Launch& launch, Bug bug, const View* in, View out) {
  with<Bug::none, Bug::no_barrier_before_tree, Bug::no_barrier_inside_tree, Bug::early_return>(
      bug, [&]<Bug kBug>() {
        gpu::launch(launch, {.blocks = {1}, .threads = {256}}, block_sum_kernel<kBug>,
                    int(in[0].shape.size()), data<float>(in[0]), static_cast<float*>(out.data));
      });
}

void warp_sum(const Launch& launch, Bug bug, const View* in, View out) {
  with<Bug::none, Bug::no_warp_barrier>(bug, [&]<Bug kBug>() {
    gpu::launch(launch, {.blocks = {1}, .threads = {32}}, warp_sum_kernel<kBug>, data<float>(in[0]),
                static_cast<float*>(out.data));
  });
}

void neighbours(const Launch& launch, Bug bug, const View* in, View out) {
  with<Bug::none, Bug::past_shared_end, Bug::never_written>(bug, [&]<Bug kBug>() {
    gpu::launch(launch, {.blocks = {1}, .threads = {256}}, neighbours_kernel<kBug>,
                data<float>(in[0]), static_cast<float*>(out.data));
  });
}

void histogram(const Launch& launch, Bug bug, const View* in, View out) {
  const auto n = int(in[0].shape.size());
  with<Bug::none, Bug::no_atomic>(bug, [&]<Bug kBug>() {
    gpu::launch(launch, {.blocks = {(n + 255) / 256}, .threads = {256}}, histogram_kernel<kBug>, n,
                data<unsigned>(in[0]), static_cast<unsigned*>(out.data));
  });
}

void maximum(const Launch& launch, Bug bug, const View* in, View out) {
  with<Bug::none, Bug::no_atomic>(bug, [&]<Bug kBug>() {
    gpu::launch(launch, {.blocks = {1}, .threads = {256}}, maximum_kernel<kBug>,
                data<unsigned>(in[0]), static_cast<unsigned*>(out.data));
  });
}

void halves(const Launch& launch, Bug bug, const View* in, View out) {
  with<Bug::none, Bug::divergent_shuffle>(bug, [&]<Bug kBug>() {
    gpu::launch(launch, {.blocks = {1}, .threads = {32}}, halves_kernel<kBug>, data<float>(in[0]),
                static_cast<float*>(out.data));
  });
}

}  // namespace dagan::DAGAN_BACKEND::planted
