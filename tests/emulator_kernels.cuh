// How a test kernel name_kernel(in, out, n) becomes the WordFn `name`.
#pragma once
#include "kernels/device/gpu.h"
#include "tests/emulator_kernels.h"

namespace dagan::DAGAN_BACKEND::words {

template <class In, class Out>
void start(gpu::Grid grid, void (*kernel)(const In*, Out*, int), const void* in, void* out, int n) {
  gpu::launch({}, grid, kernel, static_cast<const In*>(in), static_cast<Out*>(out), n);
}

}  // namespace dagan::DAGAN_BACKEND::words

#define WORD(name)                                              \
  void name(gpu::Grid grid, const void* in, void* out, int n) { \
    start(grid, name##_kernel, in, out, n);                     \
  }
