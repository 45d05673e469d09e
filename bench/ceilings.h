// What this machine can do at best, measured: the limits that a kernel's speed is held against.
#pragma once
#include <cstdint>

namespace dagan::bench {

// f32 operations a second of fused multiply-adds on registers, on all threads, with the widest
// vectors that the kernels use. Measured at the first call, about 0.2 s.
double peak_flop_s();

// Bytes a second, read and written, of a copy on all threads whose two buffers together take as
// much as `bytes` (to a power of two): what lies in a cache moves faster. Measured at the first
// call of a size, about 0.1 s.
double peak_bytes_s(double bytes);

// The least time of a kernel: the longer of its arithmetic and of moving its operands once.
double least_seconds(double flop, double bytes);

}  // namespace dagan::bench
