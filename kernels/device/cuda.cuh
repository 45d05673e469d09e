// The words of kernels/device/gpu.h under nvcc.
#pragma once
#include <cuda_runtime.h>

#include "core/view.h"
#include "kernels/device/types.h"

#define GPU_KERNEL(threads, registers) \
  __global__ void __launch_bounds__(threads, ::dagan::gpu::blocks_at_once(threads, registers))
#define GPU_DEVICE __device__ __forceinline__
#define GPU_SHARED(T, name, ...) __shared__ T name __VA_ARGS__

namespace dagan::gpu::inline DAGAN_BACKEND {

// Blocks that a multiprocessor of 65536 registers and 2048 threads holds: what makes nvcc keep to
// the registers of a kernel.
constexpr int blocks_at_once(int threads, int registers) {
  int blocks = 65536 / (threads * registers);
  if (blocks * threads > 2048) blocks = 2048 / threads;
  return blocks > 32 ? 32 : blocks;
}

// Throws Fault::device with CUDA's words.
void require_cuda(cudaError_t, const char* where);

template <class T>
GPU_DEVICE T* dynamic_shared() {
  extern __shared__ __align__(128) unsigned char dagan_dynamic_shared[];
  return reinterpret_cast<T*>(dagan_dynamic_shared);
}

template <class T, int N>
GPU_DEVICE Vec<T, N> load(const T* address) {
  return *reinterpret_cast<const Vec<T, N>*>(address);
}
template <class T, int N>
GPU_DEVICE void store(T* address, const Vec<T, N>& values) {
  *reinterpret_cast<Vec<T, N>*>(address) = values;
}

template <int kBytes>
GPU_DEVICE void copy_async(void* shared, const void* global, bool valid) {
  static_assert(kBytes == 4 || kBytes == 8 || kBytes == 16);
  const auto to = unsigned(__cvta_generic_to_shared(shared));
  const int bytes = valid ? kBytes : 0;
  if constexpr (kBytes == 16) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(global), "r"(bytes)
                 : "memory");
  } else {
    asm volatile("cp.async.ca.shared.global [%0], [%1], %3, %2;" ::"r"(to), "l"(global), "r"(bytes),
                 "n"(kBytes)
                 : "memory");
  }
}
GPU_DEVICE void commit_copies() { asm volatile("cp.async.commit_group;" ::: "memory"); }
template <int kPending>
GPU_DEVICE void wait_copies() {
  asm volatile("cp.async.wait_group %0;" ::"n"(kPending) : "memory");
}

GPU_DEVICE void load_matrices(unsigned (&r)[4], const void* row) {
  const auto from = unsigned(__cvta_generic_to_shared(row));
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(from)
               : "memory");
}
GPU_DEVICE void load_matrices_transposed(unsigned (&r)[4], const void* row) {
  const auto from = unsigned(__cvta_generic_to_shared(row));
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(from)
               : "memory");
}
GPU_DEVICE void mma_bf16(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
      "{%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
GPU_DEVICE void mma_tf32(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
  asm volatile(
      "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 "
      "{%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
GPU_DEVICE unsigned to_tf32(float x) {
  unsigned result;
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(result) : "f"(x));
  return result;
}

template <class... P, class... A>
void launch(const Launch& at, Grid grid, void (*kernel)(P...), A&&... arguments) {
  constexpr std::int64_t kWithoutAsking = 48 << 10;
  if (grid.shared_bytes > kWithoutAsking) {
    cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                         int(grid.shared_bytes));
  }
  const auto dim = [](Extent3 e) { return dim3(unsigned(e.x), unsigned(e.y), unsigned(e.z)); };
  kernel<<<dim(grid.blocks), dim(grid.threads), std::size_t(grid.shared_bytes),
           static_cast<cudaStream_t>(at.stream)>>>(static_cast<P>(arguments)...);
  require_cuda(cudaPeekAtLastError(), "launch");
}

}  // namespace dagan::gpu::inline DAGAN_BACKEND
