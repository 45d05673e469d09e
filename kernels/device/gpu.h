// The language that a GPU kernel is written in, and the one header that it includes besides its
// contract. Under nvcc it is CUDA. Under any other compiler the same source runs on the CPU, one
// fiber per CUDA thread (kernels/emulator): tested, sanitized and race-checked on every machine.
//
// CUDA's names stand for themselves: threadIdx, blockIdx, blockDim, gridDim, __syncthreads and its
// _or, _and, _count, __syncwarp, __shfl_sync and its _xor, _up, _down, __ballot_sync, __any_sync,
// __all_sync, atomicAdd, Max, Min, Or, Exch on whole numbers, __threadfence, __popc, __ffs, __clz,
// __float_as_uint, __uint_as_float. What CUDA writes with a keyword that the emulator could not
// watch, or in PTX, has a name here:
//
//   GPU_KERNEL(threads, registers) f(...)   a kernel for blocks of at most so many threads; nvcc
//                                           may not use more registers for it (checked in CI)
//   GPU_DEVICE                              before a function that kernels call
//   GPU_SHARED(float, s_x, [16][33]);       an array in shared memory
//   gpu::dynamic_shared<T>()                the shared memory whose size the launch gives
//   gpu::launch(at, {.blocks = .., .threads = .., .shared_bytes = ..}, kernel, arguments...)
//   gpu::load<T, N>(p), gpu::store(p, v)    N elements at once, aligned to their size
//   gpu::copy_async<bytes>(shared, global, valid)   4, 8 or 16 bytes, zeros where !valid (cp.async)
//   gpu::commit_copies()                    closes a group of copies
//   gpu::wait_copies<n>()                   waits until at most n groups are under way
//   gpu::load_matrices(r, row)              four 8x8 matrices of 16-bit numbers (ldmatrix .x4);
//                                           lane 8 i + j has the address of row j of matrix i
//   gpu::load_matrices_transposed(r, row)   the same with every matrix transposed (.trans)
//   gpu::mma_bf16(d, a, b)                  d += a b, 16x8 by k = 16 (mma.sync.m16n8k16)
//   gpu::mma_tf32(d, a, b)                  d += a b, 16x8 by k = 8 (mma.sync.m16n8k8)
//   gpu::to_tf32(x)                         the operand of mma_tf32, to nearest
//
// Rules that the build enforces: no PTX and no __shared__ outside this folder. Rules for the
// author: fmaf where a fused multiply-add is meant (nvcc contracts nothing here, -fmad=false), no
// atomic operation on floats, no function whose GPU version rounds differently. A kernel without
// matrix instructions that keeps them gives the same bits on the GPU and under the emulator.
//
// gpu:: is gpu::cuda, gpu::emulated or gpu::checked: a program holds a kernel compiled in all three
// ways, and a linker that found one name for two of them would run one in the other's place.
#pragma once
#include "core/view.h"

#if defined(__CUDACC__)
#include "kernels/device/cuda.cuh"
#else
#include "kernels/emulator/language.h"
#endif
