#include "kernels/backend.h"

#include <cstring>

#include "core/check.h"
#include "core/memory.h"
#include "kernels/kernels.h"

namespace dagan {
namespace {

void* allocate(std::size_t bytes) {
  void* memory = allocate_memory(bytes);
  check(Fault::device, memory != nullptr, "out of memory: ", bytes, " bytes were asked for; ",
        kMemoryHint);
  return memory;
}

void copy(void* to, const void* from, std::size_t bytes) { std::memcpy(to, from, bytes); }

void repeat(void**, void (*launches)(const void*), const void* argument) { launches(argument); }

constexpr Runtime kHost = {.allocate = allocate,
                           .release = release_memory,
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
