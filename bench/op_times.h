// Where the time of a program goes: a backend whose kernels keep the time of every call.
#pragma once
#include <iosfwd>

#include "core/backend.h"

namespace dagan::bench {

// The CPU backend, each of its kernels timed; for one thread of launches.
const Backend& timed_backend();

// A table of what its kernels took since the last call of this function, as the mean of `runs`
// runs; the most time first.
void print_op_times(double runs, std::ostream& out);

}  // namespace dagan::bench
