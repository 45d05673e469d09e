// Types that host and device share.
#pragma once
#include <cstdint>

#include "core/view.h"

namespace dagan::gpu {

// N elements that move at once.
template <class T, int N>
struct alignas(sizeof(T) * N) Vec {
  T values[N];

  constexpr T& operator[](int i) { return values[i]; }
  constexpr const T& operator[](int i) const { return values[i]; }
};

struct Extent3 {
  std::int64_t x = 1, y = 1, z = 1;
};

// How a kernel is started: blocks of threads, and the dynamic shared memory of each block.
struct Grid {
  Extent3 blocks = {}, threads = {};
  std::int64_t shared_bytes = 0;
};

// What the host's side of a kernel refuses (Fault::usage); `where` and the shape are part of the
// message. Not a template, and no string: what a .cu makes of the standard library would be
// compiled for the emulator's instruction set and could be linked into the rest of the program.
void require(bool holds, const char* where, Shape, const char* what);

}  // namespace dagan::gpu
