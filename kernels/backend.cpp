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

void repeat(void**, void (*launches)(const void*), const void* argument) { launches(argument); }

constexpr Runtime kHost = {.allocate = allocate,
                           .release = [](void* memory) { std::free(memory); },
                           .copy = copy,
                           .synchronise = [] {},
                           .repeat = repeat,
                           .forget = [](void*) {},
                           .stream = nullptr,
                           .host_memory = true};

}  // namespace

namespace emulated {
extern const Kernels kernels;
}

const Backend& cpu_backend() {
  static const Backend backend = {"cpu", kHost, &cpu::kernels};
  return backend;
}

const Backend& emulated_backend() {
#if defined(__x86_64__)
  check(Fault::device, __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"),
        "the emulator needs a processor with AVX2 and FMA; --device cpu runs on every processor");
#endif
  static const Backend backend = {"emulated", kHost, &emulated::kernels};
  return backend;
}

const Backend& backend_named(std::string_view name) {
  if (name == "auto") return has_cuda() ? cuda_backend() : cpu_backend();
  if (name == "cpu") return cpu_backend();
  if (name == "emulated") return emulated_backend();
  check(Fault::usage, name == "cuda", "device ", name, ": expected auto, cpu, cuda or emulated");
  return cuda_backend();
}

}  // namespace dagan
