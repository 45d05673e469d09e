// What a convolution multiplies by, and what becomes of its sums.
#pragma once
#include <cstdint>

#include "core/view.h"

namespace dagan::cpu {

// A filter as it is stored, each channel of the output multiplied by a factor; or as it was laid
// out or transformed before, with the factors: then only the shape and the type of w count.
struct ConvFilter {
  View w;
  const float* scale = nullptr;  // null: 1
  const float* ready = nullptr;
};

// Before a sum is stored: z = sum + bias, y = z > 0 ? z : slope * z.
struct Finish {
  const float* bias = nullptr;  // one value for each column, or null
  float slope = 1;              // 1: y = z

  bool activates() const { return slope != 1; }
  Finish from(std::int64_t column) const { return {bias ? bias + column : nullptr, slope}; }
};

}  // namespace dagan::cpu
