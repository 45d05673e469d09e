// Runs the threads of one block of a kernel on fibers: what a kernel calls while it runs.
#pragma once
#include <cstddef>
#include <cstdint>

namespace dagan::emulator {

struct Extent {
  unsigned x = 1, y = 1, z = 1;
};

// Where the running thread is. CUDA's threadIdx, blockIdx, blockDim and gridDim are its members.
struct Position {
  Extent thread, block, threads, blocks;
  int linear = 0, warp = 0, lane = 0;  // of the thread in its block, x fastest
};

// The running thread of this thread of the operating system, null outside a kernel.
extern constinit thread_local const Position* here;

// A place in the source, for messages.
struct Site {
  const char* file;
  int line;
};
#define DAGAN_EMULATOR_SITE ::dagan::emulator::Site site = {__builtin_FILE(), __builtin_LINE()}

// Waits for every thread of the block; the sum of `value` over them.
int barrier(int value, Site site);

// What the lanes of a warp do together. Each lane of the mask arrives with its operands; the last
// one computes the results of all. Lanes outside the mask have null operands.
using Collective = void(const void* const in[32], void* const out[32], unsigned mask);
void collective(Collective*, unsigned mask, const void* in, void* out, Site site);
Collective warp_barrier;  // one without operands: it orders the lanes' memory accesses

// Memory of the block, the same for every thread that asks with the same key: NaN bytes at first,
// watched for writes past its end.
void* shared_array(const void* key, const char* name, std::size_t bytes, std::size_t alignment);
void* dynamic_shared(Site site);

// An asynchronous copy to shared memory; the bytes from `valid` on are set to 0.
void copy_async(void* to, const void* from, unsigned bytes, unsigned valid, Site site);
void commit_copies();
void wait_copies(int pending);  // until at most that many committed groups are under way

// Lets another thread run where a schedule wants it: before an atomic operation.
void may_yield();

// Ends the launch with an error that names the block and the thread.
[[noreturn]] void fail_in_kernel(const char* what, Site site);

}  // namespace dagan::emulator
