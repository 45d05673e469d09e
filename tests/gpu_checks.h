// What a GPU kernel has to stand under the emulator besides agreeing with its reference.
#pragma once
#include <string>

#include "kernels/emulator/counters.h"
#include "tests/cases/op_case.h"

namespace dagan::cases {

// The same bits in `count` schedules, each with late and early asynchronous copies.
std::string check_schedules(const OpCase&, const Kernels& emulated, int count = 32);

// No data race in the kernels of the backend `checked`; the first one, with both lines of the
// source. The race check needs no luck with the schedule, but what a kernel does may depend on it.
std::string check_races(const OpCase&, const Kernels& checked);

// The memory accesses of one call. With contiguous operands, as a plan places them.
emulator::AccessTotals count_accesses(const OpCase&, const Kernels& checked);

}  // namespace dagan::cases
