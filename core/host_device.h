// Before an inline function that GPU kernels call too. Always inlined: the emulator's kernels are
// compiled for more instructions than the rest of the program, which must not link their copies.
#pragma once

#if defined(__CUDACC__)
#define DAGAN_HOST_DEVICE __host__ __device__
#else
#define DAGAN_HOST_DEVICE __attribute__((always_inline))
#endif
