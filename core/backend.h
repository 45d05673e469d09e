// A backend is a value: where memory comes from, and the table of kernels that work on it.
// Copy the table, replace one entry, and the same model runs on that kernel.
#pragma once
#include <cstddef>

namespace dagan {

struct Kernels;  // kernels/kernels.h; core carries the table to the ops and never looks inside

// `copy` goes either way between host memory and the backend's, after every earlier launch and
// finished when it returns; `synchronise` waits for every launch.
struct Runtime {
  void* (*allocate)(std::size_t bytes);  // aligned to 64 bytes, zeroed; throws when there is none
  void (*release)(void*);
  void (*copy)(void* to, const void* from, std::size_t bytes);
  void (*synchronise)();
  // Calls launches(argument), which launches the same kernels with the same arguments every time. A
  // backend may record them in *graph (null at first) and replay the recording instead of calling
  // again; `forget` releases it.
  void (*repeat)(void** graph, void (*launches)(const void*), const void* argument);
  void (*forget)(void* graph);
  void* stream;      // Launch::stream of every launch
  bool host_memory;  // whether the host may read and write what `allocate` returns
};

struct Backend {
  const char* name;
  Runtime runtime;
  const Kernels* kernels;
};

}  // namespace dagan
