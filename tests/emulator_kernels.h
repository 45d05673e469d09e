// A kernel for every word of kernels/device/gpu.h, and for every mistake that a launch reports.
#pragma once
#include "kernels/device/types.h"
#include "kernels/namespace.h"

namespace dagan {

using WordFn = void(gpu::Grid, const void* in, void* out, int n);

namespace DAGAN_BACKEND::words {

// Words. `thread` counts over all threads of the launch, `lane` over those of a warp.
WordFn indices;   // out[thread] (unsigned, 8): blockIdx in one number, blockDim, gridDim, ..
WordFn barriers;  // out[thread] (int, 3): __syncthreads_count, _or, _and of thread < n
WordFn reversed;  // out (float): each block's part of `in` backwards, through shared memory
WordFn reversed_dynamic;  // the same through dynamic shared memory
WordFn reversed_warps;    // the same for each warp, ordered by __syncwarp
WordFn shuffles;         // in (float, lane), n: mask; out[4][6][lane]: idx, xor, up, down by 1, and
                         // for widths 1 to 32; -1 for lanes outside the mask
WordFn shuffles_double;  // the same for numbers of 8 bytes, width 32 only: out[4][lane]
WordFn votes;            // in (int, lane), n: mask; out[lane] (unsigned, 3): ballot, any, all
WordFn atomics;          // in (int, thread); out (int, 5): add, max, min, or, and out[5] exch
WordFn bits;          // in (unsigned); out[thread] (unsigned, 4): popc, ffs, clz, x as float back
WordFn vectors;       // in (float); out[thread]: moved four at a time from in + n
WordFn vectors_bf16;  // in (16 bits); out: the same, n elements off
WordFn copies;        // in (float, 8 threads); out: what 4, 8 and 16 bytes copied, valid below n
WordFn copy_groups;   // out[thread] (float, 3): three groups of one copy each, waited for by turns
WordFn copy_unaligned;  // a copy to shared memory that is n bytes off
WordFn copy_to_global;  // to `out`
WordFn matrices;        // in (16 bits, 32x8); out[2][lane][4]: load_matrices, and transposed
WordFn product_bf16;    // in: a (16x16), b (16x8), bf16; out (16x8) += a b
WordFn product_tf32;    // in: a (16x8), b (8x8), float, rounded by to_tf32; out (16x8) += a b
WordFn tf32;            // out[thread] (unsigned) = to_tf32(in[thread])
WordFn unwritten;       // out[thread] (float): shared memory that nobody wrote; then it is written
WordFn sums;            // out[block] (float): of a block's 64 numbers
WordFn barrier_loop;    // n barriers

// Mistakes.
WordFn writes_past_end, writes_before_begin, too_much_static, static_and_dynamic;
WordFn divergent_barriers, leaves_before_barrier, barrier_after_leaving, barrier_of_half;
WordFn leaves_warp, mask_without_self, mask_with_left_lane, masks_differ, shuffle_from_outside;
WordFn orders_half_a_warp, product_of_half_warp, no_dynamic_shared, launches_a_kernel;
WordFn shuffles_differ;

// For the counters: each thread touches element thread * n.
WordFn strided_shared, strided_shared_wide, strided_global, strided_copies;

}  // namespace DAGAN_BACKEND::words
}  // namespace dagan
