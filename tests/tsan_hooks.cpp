// What code compiled with -fsanitize=thread calls, answered by the emulator instead of by
// ThreadSanitizer's runtime: this is how the kernels of the backend `checked` report their loads
// and stores. Part of the programs that test and measure, never of the library: a program with the
// real runtime could not use it.
#if !defined(__SANITIZE_THREAD__)
#include <cstdint>
#include <cstring>

#include "kernels/emulator/observer.h"

using dagan::emulator::AccessKind;
using dagan::emulator::report_access;

#define DAGAN_HOOK(name, bytes, kind)                                             \
  extern "C" void __tsan_##name(void* address) {                                  \
    report_access(address, bytes, AccessKind::kind, __builtin_return_address(0)); \
  }
#define DAGAN_HOOKS(bytes)                        \
  DAGAN_HOOK(read##bytes, bytes, read)            \
  DAGAN_HOOK(write##bytes, bytes, write)          \
  DAGAN_HOOK(volatile_read##bytes, bytes, read)   \
  DAGAN_HOOK(volatile_write##bytes, bytes, write) \
  DAGAN_HOOK(unaligned_read##bytes, bytes, read)  \
  DAGAN_HOOK(unaligned_write##bytes, bytes, write)

DAGAN_HOOKS(1)
DAGAN_HOOKS(2)
DAGAN_HOOKS(4)
DAGAN_HOOKS(8)
DAGAN_HOOKS(16)

extern "C" {

void __tsan_read_range(void* address, std::size_t bytes) {
  report_access(address, bytes, AccessKind::read, __builtin_return_address(0));
}
void __tsan_write_range(void* address, std::size_t bytes) {
  report_access(address, bytes, AccessKind::write, __builtin_return_address(0));
}

// Where clang copies or clears a whole struct.
void* __tsan_memcpy(void* to, const void* from, std::size_t bytes) {
  report_access(from, bytes, AccessKind::read, __builtin_return_address(0));
  report_access(to, bytes, AccessKind::write, __builtin_return_address(0));
  return std::memcpy(to, from, bytes);
}
void* __tsan_memset(void* to, int value, std::size_t bytes) {
  report_access(to, bytes, AccessKind::write, __builtin_return_address(0));
  return std::memset(to, value, bytes);
}

void __tsan_init() {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}
void __tsan_vptr_update(void**, void*) {}
void __tsan_vptr_read(void**) {}
void __tsan_atomic_thread_fence(int) {}
void __tsan_atomic_signal_fence(int) {}

}  // extern "C"

// What an atomic operation of a kernel comes down to; the emulator has reported it already.
#define DAGAN_ATOMICS(bits)                                                                       \
  extern "C" std::uint##bits##_t __tsan_atomic##bits##_load(const std::uint##bits##_t* p, int) {  \
    return __atomic_load_n(p, __ATOMIC_SEQ_CST);                                                  \
  }                                                                                               \
  extern "C" void __tsan_atomic##bits##_store(std::uint##bits##_t* p, std::uint##bits##_t v,      \
                                              int) {                                              \
    __atomic_store_n(p, v, __ATOMIC_SEQ_CST);                                                     \
  }                                                                                               \
  extern "C" bool __tsan_atomic##bits##_compare_exchange_weak(                                    \
      std::uint##bits##_t* p, std::uint##bits##_t* expected, std::uint##bits##_t v, int, int) {   \
    return __atomic_compare_exchange_n(p, expected, v, true, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST); \
  }                                                                                               \
  extern "C" std::uint##bits##_t __tsan_atomic##bits##_compare_exchange_val(                      \
      std::uint##bits##_t* p, std::uint##bits##_t expected, std::uint##bits##_t v, int, int) {    \
    __atomic_compare_exchange_n(p, &expected, v, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);      \
    return expected;                                                                              \
  }

DAGAN_ATOMICS(8)
DAGAN_ATOMICS(16)
DAGAN_ATOMICS(32)
DAGAN_ATOMICS(64)
#endif
