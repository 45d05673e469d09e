// Starts a kernel: every block, one after another or on all processors.
#pragma once
#include "kernels/device/types.h"
#include "kernels/emulator/block.h"

namespace dagan::emulator {

// CUDA's limits: 1024 threads a block, 64 of them along z; 65535 blocks along y and z; 227 KiB of
// shared memory a block, 48 KiB of them with a size that the compiler knows.
inline constexpr std::size_t kSharedBytes = 227 << 10, kStaticSharedBytes = 48 << 10;

struct Body {
  void (*call)(void* frame);  // runs one thread
  void* frame;                // the kernel and its arguments, `bytes` of them
  std::size_t bytes;
};

// Throws Fault::bug for what CUDA refuses, and for what a thread did wrong; the message says where.
void launch(const gpu::Grid&, const Body&);

}  // namespace dagan::emulator
