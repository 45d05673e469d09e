// Learning rates over a run.
#pragma once
#include <cmath>
#include <cstdint>
#include <numbers>

namespace dagan {

enum class Schedule { constant, cosine };

// The rate for step `step` of `steps` (0-based). cosine: from `base` at the first step towards 0
// behind the last (Loshchilov and Hutter, "SGDR", ICLR 2017, without restarts).
inline double learning_rate(Schedule schedule, double base, std::int64_t step, std::int64_t steps) {
  if (schedule == Schedule::constant) return base;
  return base * 0.5 * (1 + std::cos(std::numbers::pi * double(step) / double(steps)));
}

}  // namespace dagan
