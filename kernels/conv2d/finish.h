// What becomes of a sum of products before it is stored: z = sum + bias, y = z > 0 ? z : slope * z.
#pragma once
#include <cstdint>

#include "core/view.h"

namespace dagan::cpu {

inline float activate(float z, float slope) { return z > 0 ? z : slope * z; }

struct Finish {
  const float* bias = nullptr;      // one value for each column, or null
  float slope = 1;                  // 1: y = z
  const View* rectified = nullptr;  // of the forward pass: where relu(y) is stored as well, or null

  bool activates() const { return slope != 1; }
  Finish from(std::int64_t column) const {
    return {bias ? bias + column : nullptr, slope, rectified};
  }
};

}  // namespace dagan::cpu
