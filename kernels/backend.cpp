#include "kernels/backend.h"

#include <sys/mman.h>

#include <cstdlib>
#include <cstring>

#include "core/check.h"
#include "kernels/kernels.h"

namespace dagan {
namespace {

void* allocate(std::size_t bytes) {
  // Huge pages for large buffers: the kernels walk through them in long strides.
  constexpr std::size_t kHuge = std::size_t(2) << 20;
  const std::size_t alignment = bytes >= kHuge ? kHuge : 64;
  const std::size_t rounded = (bytes + alignment - 1) / alignment * alignment;
  void* memory = std::aligned_alloc(alignment, rounded ? rounded : alignment);
  check(Fault::device, memory != nullptr, "out of memory: ", bytes, " bytes were asked for");
  if (alignment == kHuge) madvise(memory, rounded, MADV_HUGEPAGE);
  std::memset(memory, 0, bytes);
  return memory;
}

void copy(void* to, const void* from, std::size_t bytes) { std::memcpy(to, from, bytes); }

constexpr Runtime kHost = {.allocate = allocate,
                           .release = [](void* memory) { std::free(memory); },
                           .copy = copy,
                           .synchronise = [] {},
                           .host_memory = true};

}  // namespace

const Backend& cpu_backend() {
  static const Backend backend = {"cpu", kHost, &cpu::kernels};
  return backend;
}

}  // namespace dagan
