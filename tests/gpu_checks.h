// What a GPU kernel has to stand under the emulator besides agreeing with its reference.
#pragma once
#include <string>

#include "tests/cases/op_case.h"

namespace dagan::cases {

// The same bits in `count` schedules, each with late and early asynchronous copies.
std::string check_schedules(const OpCase&, const Kernels& emulated, int count = 32);

}  // namespace dagan::cases
