// What the words of a kernel mean under the emulator: CUDA's own names, with CUDA's meaning, for
// one fiber per thread. Only kernels include it, through kernels/device/gpu.h.
#pragma once
#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <tuple>
#include <type_traits>

#include "core/view.h"
#include "kernels/device/types.h"
#include "kernels/emulator/launch.h"
#include "kernels/emulator/matrix.h"
#include "kernels/emulator/observer.h"

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline __attribute__((always_inline))
#define GPU_KERNEL(threads, registers) void
#define GPU_DEVICE inline __attribute__((always_inline))

#define GPU_SHARED(T, name, ...)                                                  \
  using name##_type = T __VA_ARGS__;                                              \
  name##_type& name = *static_cast<name##_type*>(::dagan::emulator::shared_array( \
      [] {                                                                        \
        static char key;                                                          \
        return static_cast<const void*>(&key);                                    \
      }(),                                                                        \
      #name, sizeof(name##_type), alignof(name##_type)))

// Whether the compiler reports every access (the backend `checked`): a vector is then moved by a
// call that reports it as one, and inline otherwise.
#if defined(__SANITIZE_THREAD__)
#define DAGAN_EMULATOR_WATCHES true
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define DAGAN_EMULATOR_WATCHES true
#endif
#endif
#if !defined(DAGAN_EMULATOR_WATCHES)
#define DAGAN_EMULATOR_WATCHES false
#endif

#define threadIdx (::dagan::emulator::here->thread)
#define blockIdx (::dagan::emulator::here->block)
#define blockDim (::dagan::emulator::here->threads)
#define gridDim (::dagan::emulator::here->blocks)

namespace dagan {

inline constexpr int warpSize = 32;

// Barriers.
GPU_DEVICE void __syncthreads(DAGAN_EMULATOR_SITE) { emulator::barrier(0, site); }
GPU_DEVICE int __syncthreads_count(int p, DAGAN_EMULATOR_SITE) {
  return emulator::barrier(p != 0, site);
}
GPU_DEVICE int __syncthreads_or(int p, DAGAN_EMULATOR_SITE) {
  return emulator::barrier(p != 0, site) > 0;
}
GPU_DEVICE int __syncthreads_and(int p, DAGAN_EMULATOR_SITE) {
  return emulator::barrier(p == 0, site) == 0;
}
GPU_DEVICE void __syncwarp(unsigned mask = ~0u, DAGAN_EMULATOR_SITE) {
  emulator::collective(emulator::warp_barrier, mask, nullptr, nullptr, site);
}
GPU_DEVICE void __threadfence() {}  // memory is sequentially consistent here

// Shuffles and votes.
namespace emulator {

template <class T>
struct Offer {
  T value;
  int source;  // lane
  Site site;
};

template <class T>
void shuffle(const void* const in[32], void* const out[32], unsigned mask) {
  for (int lane = 0; lane < 32; ++lane) {
    if (!(mask >> lane & 1)) continue;
    const auto& mine = *static_cast<const Offer<T>*>(in[lane]);
    if (!(mask >> mine.source & 1)) {
      fail_in_kernel("a shuffle reads a lane that takes no part in it", mine.site);
    }
    *static_cast<T*>(out[lane]) = static_cast<const Offer<T>*>(in[mine.source])->value;
  }
}

template <class T>
GPU_DEVICE T shuffle(unsigned mask, T value, int source, Site site) {
  static_assert(std::is_trivially_copyable_v<T> && (sizeof(T) == 4 || sizeof(T) == 8));
  const Offer<T> offer = {value, source, site};
  T result;
  collective(shuffle<T>, mask, &offer, &result, site);
  return result;
}

}  // namespace emulator

// `width` lanes each, a power of two, shuffle among themselves.
template <class T>
GPU_DEVICE T __shfl_sync(unsigned mask, T value, int source, int width = 32, DAGAN_EMULATOR_SITE) {
  const int lane = emulator::here->lane;
  return emulator::shuffle(mask, value, (lane & -width) | (source & (width - 1)), site);
}
template <class T>
GPU_DEVICE T __shfl_xor_sync(unsigned mask, T value, int x, int width = 32, DAGAN_EMULATOR_SITE) {
  const int lane = emulator::here->lane, source = lane ^ x;
  return emulator::shuffle(mask, value, source < (lane & -width) + width ? source : lane, site);
}
template <class T>
GPU_DEVICE T __shfl_down_sync(unsigned mask, T value, int by, int width = 32, DAGAN_EMULATOR_SITE) {
  const int lane = emulator::here->lane, place = lane & (width - 1);
  return emulator::shuffle(mask, value, place + by < width ? lane + by : lane, site);
}
template <class T>
GPU_DEVICE T __shfl_up_sync(unsigned mask, T value, int by, int width = 32, DAGAN_EMULATOR_SITE) {
  const int lane = emulator::here->lane, place = lane & (width - 1);
  return emulator::shuffle(mask, value, place >= by ? lane - by : lane, site);
}
GPU_DEVICE unsigned __ballot_sync(unsigned mask, int p, DAGAN_EMULATOR_SITE) {
  unsigned result = 0;
  emulator::collective(emulator::ballot, mask, &p, &result, site);
  return result;
}
GPU_DEVICE int __any_sync(unsigned mask, int p, DAGAN_EMULATOR_SITE) {
  return __ballot_sync(mask, p, site) != 0;
}
GPU_DEVICE int __all_sync(unsigned mask, int p, DAGAN_EMULATOR_SITE) {
  return __ballot_sync(mask, !p, site) == 0;
}

// Atomic operations on whole numbers; sums of floats would depend on their order.
namespace emulator {

template <class T, class F>
__attribute__((noinline)) T read_modify_write(T* address, F f) {
  static_assert(std::is_integral_v<T>);
  report_access(address, sizeof(T), AccessKind::atomic, __builtin_return_address(0));
  may_yield();
  std::atomic_ref<T> value(*address);
  T old = value.load(std::memory_order_relaxed);
  while (!value.compare_exchange_weak(old, f(old), std::memory_order_relaxed)) {
  }
  return old;
}

}  // namespace emulator

template <class T>
GPU_DEVICE T atomicAdd(T* address, std::type_identity_t<T> v) {
  return emulator::read_modify_write(address, [v](T old) { return T(old + v); });
}
template <class T>
GPU_DEVICE T atomicMax(T* address, std::type_identity_t<T> v) {
  return emulator::read_modify_write(address, [v](T old) { return std::max(old, v); });
}
template <class T>
GPU_DEVICE T atomicMin(T* address, std::type_identity_t<T> v) {
  return emulator::read_modify_write(address, [v](T old) { return std::min(old, v); });
}
template <class T>
GPU_DEVICE T atomicOr(T* address, std::type_identity_t<T> v) {
  return emulator::read_modify_write(address, [v](T old) { return T(old | v); });
}
template <class T>
GPU_DEVICE T atomicExch(T* address, std::type_identity_t<T> v) {
  return emulator::read_modify_write(address, [v](T) { return v; });
}

// Arithmetic with CUDA's names.
GPU_DEVICE unsigned __float_as_uint(float x) { return std::bit_cast<unsigned>(x); }
GPU_DEVICE float __uint_as_float(unsigned x) { return std::bit_cast<float>(x); }
GPU_DEVICE int __popc(unsigned x) { return std::popcount(x); }
GPU_DEVICE int __ffs(unsigned x) { return x ? std::countr_zero(x) + 1 : 0; }
GPU_DEVICE int __clz(unsigned x) { return std::countl_zero(x); }

namespace gpu::inline DAGAN_BACKEND {

// See kernels/device/gpu.h.
template <class T>
GPU_DEVICE T* dynamic_shared(DAGAN_EMULATOR_SITE) {
  return static_cast<T*>(emulator::dynamic_shared(site));
}

template <class T, int N>
GPU_DEVICE Vec<T, N> load(const T* address, DAGAN_EMULATOR_SITE) {
  Vec<T, N> result;
  if (DAGAN_EMULATOR_WATCHES || reinterpret_cast<std::uintptr_t>(address) % sizeof result) {
    emulator::load(&result, address, sizeof result, site);
  } else {
    std::memcpy(&result, address, sizeof result);
  }
  return result;
}
template <class T, int N>
GPU_DEVICE void store(T* address, const Vec<T, N>& values, DAGAN_EMULATOR_SITE) {
  if (DAGAN_EMULATOR_WATCHES || reinterpret_cast<std::uintptr_t>(address) % sizeof values) {
    emulator::store(address, &values, sizeof values, site);
  } else {
    std::memcpy(address, &values, sizeof values);
  }
}

template <int kBytes>
GPU_DEVICE void copy_async(void* shared, const void* global, bool valid, DAGAN_EMULATOR_SITE) {
  static_assert(kBytes == 4 || kBytes == 8 || kBytes == 16);
  emulator::copy_async(shared, global, kBytes, valid ? kBytes : 0, site);
}
GPU_DEVICE void commit_copies() { emulator::commit_copies(); }
template <int kPending>
GPU_DEVICE void wait_copies() {
  emulator::wait_copies(kPending);
}

GPU_DEVICE void load_matrices(unsigned (&r)[4], const void* row, DAGAN_EMULATOR_SITE) {
  emulator::load_row(row, site);
  emulator::matrix_instruction(emulator::load_matrices, &row, r, site);
}
GPU_DEVICE void load_matrices_transposed(unsigned (&r)[4], const void* row, DAGAN_EMULATOR_SITE) {
  emulator::load_row(row, site);
  emulator::matrix_instruction(emulator::load_matrices_transposed, &row, r, site);
}
GPU_DEVICE void mma_bf16(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2],
                         DAGAN_EMULATOR_SITE) {
  const emulator::Fragments in = {{a[0], a[1], a[2], a[3]}, {b[0], b[1]}, {d[0], d[1], d[2], d[3]}};
  emulator::matrix_instruction(emulator::mma_bf16, &in, d, site);
}
GPU_DEVICE void mma_tf32(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2],
                         DAGAN_EMULATOR_SITE) {
  const emulator::Fragments in = {{a[0], a[1], a[2], a[3]}, {b[0], b[1]}, {d[0], d[1], d[2], d[3]}};
  emulator::matrix_instruction(emulator::mma_tf32, &in, d, site);
}
GPU_DEVICE unsigned to_tf32(float x) { return emulator::round_to_tf32(x); }

template <class... P, class... A>
void launch(const Launch&, Grid grid, void (*kernel)(P...), A&&... arguments) {
  struct Frame {
    void (*kernel)(P...);
    std::tuple<P...> arguments;
  } frame = {kernel, {static_cast<P>(arguments)...}};
  const auto call = [](void* f) {
    std::apply(static_cast<Frame*>(f)->kernel, static_cast<Frame*>(f)->arguments);
  };
  emulator::launch(grid, {call, &frame, sizeof frame});
}

}  // namespace gpu::inline DAGAN_BACKEND
}  // namespace dagan
