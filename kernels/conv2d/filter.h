// A filter as it is stored, each channel of the output multiplied by a factor; or as it was laid out
// or transformed before, with the factors: then only the shape and the type of w count.
#pragma once
#include "core/view.h"

namespace dagan::cpu {

struct ConvFilter {
  View w;
  const float* scale = nullptr;  // null: 1
  const float* ready = nullptr;
};

}  // namespace dagan::cpu
