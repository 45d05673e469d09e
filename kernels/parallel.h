// Threads for CPU kernels. Tasks are the same for any number of threads, so no result depends on
// it.
#pragma once
#include <cstdint>

namespace dagan {

// Calls f(i) for i in [0, count), each exactly once, on all threads. f must not throw: an exception
// cannot leave an OpenMP loop and ends the program. Guided: large runs first, since neighbours
// often share what they read, then small ones, so that threads of unequal speed end together.
template <class F>
void parallel_for(std::int64_t count, F&& f) {
#pragma omp parallel for schedule(guided) if (count > 1)
  for (std::int64_t i = 0; i < count; ++i) f(i);
}

}  // namespace dagan
