// What becomes of a sum of products before it is stored: z = sum + bias, y = z > 0 ? z : slope * z.
#pragma once
#include <cstdint>

namespace dagan::cpu {

struct Finish {
  const float* bias = nullptr;  // one value for each column, or null
  float slope = 1;              // 1: y = z

  bool activates() const { return slope != 1; }
  Finish from(std::int64_t column) const { return {bias ? bias + column : nullptr, slope}; }
};

}  // namespace dagan::cpu
