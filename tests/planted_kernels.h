// Small kernels, each right or with one of the mistakes that CUDA programmers make. The right one
// of a kind is the mistake Bug::none.
#pragma once
#include "core/view.h"
#include "kernels/namespace.h"

namespace dagan {

enum class Bug {
  none,
  no_barrier_after_load,     // the tile is read before others have written it
  no_barrier_before_load,    // and written while others still read it
  past_shared_end,           // the last row, or a read of one element
  no_border_test,            // a read before the first element of the input
  no_tail_test,              // a write behind the last element of the output
  divergent_barrier,         // half of the block waits
  wait_off_by_one,           // for an asynchronous copy that is still under way
  no_barrier_after_wait,     // the copies of the other threads
  no_barrier_before_refill,  // of a buffer that others still read
  no_barrier_before_tree,
  no_barrier_inside_tree,
  no_warp_barrier,  // lanes in lock step, as before Volta
  no_atomic,
  never_written,  // shared memory
  early_return,
  divergent_shuffle,
};

// Each runs one kernel on small operands whose shapes are its own; PlantedFn's views are flat.
using PlantedFn = void(const Launch&, Bug, const View* in, View out);

namespace DAGAN_BACKEND::planted {
PlantedFn convolution;  // x (n,h,w,c), filter (k,4,4,c); stride 2, pad 1; out (n,h/2,w/2,k)
PlantedFn product;      // a (m,k), b (n,k), bf16; out (m,n) = a b'
PlantedFn block_sum;    // x; out (1)
PlantedFn warp_sum;     // x (32); out (1)
PlantedFn neighbours;   // x (256); out[i] = x[i + 1], the last is x[255]
PlantedFn histogram;    // x (u32); out (u32, 8): how often each number occurs
PlantedFn maximum;      // x (u32); out (u32, 1)
PlantedFn halves;       // x (32); out[i] = x[i] + x[i ^ 16]
}  // namespace DAGAN_BACKEND::planted

}  // namespace dagan
