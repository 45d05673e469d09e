// One small case of every kernel and of each way that it goes: few enough to run in every schedule.
#pragma once
#include <vector>

#include "tests/cases/op_case.h"

namespace dagan::cases {

std::vector<OpCase> gpu_cases();

}  // namespace dagan::cases
