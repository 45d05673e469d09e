// What this machine can do at best, measured: the limits that a kernel's speed is held against.
#pragma once
#include <cstdint>

#include "core/backend.h"

namespace dagan::bench {

// On what a kernel multiplies; a CPU has one kind of arithmetic for all of them.
enum class Arithmetic { f32, tf32, bf16 };

// Operations a second of multiply-adds on registers: of a CPU on all threads with the widest
// vectors that the kernels use, of a GPU with mma.sync where there is a type for it. Measured at
// the first call, about 0.2 s.
double peak_flop_s(const Backend&, Arithmetic);

// Bytes a second, read and written. On a CPU the best of a copy, an update in place and a sum, by
// all threads, of as many bytes (to a power of two), since what lies in a cache moves faster; on a
// GPU of a copy in its memory, so that a kernel whose operands lie in the cache may be above it.
// Measured at the first call of a size, about 0.3 s.
double peak_bytes_s(const Backend&, double bytes);

// The least time of a kernel: the longer of its arithmetic and of moving its operands once.
double least_seconds(const Backend&, Arithmetic, double flop, double bytes);

// The same two for a CPU and a GPU.
namespace cpu_limits {
double flop_s();
double bytes_s(double bytes);
}  // namespace cpu_limits
namespace gpu_limits {
double flop_s(const Backend&, Arithmetic);
double bytes_s(const Backend&);
}  // namespace gpu_limits

}  // namespace dagan::bench
