// A backend whose kernels are called by somebody else, who may time or count them.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "core/backend.h"
#include "core/view.h"

namespace dagan::bench {

struct Call {
  std::string kernel = {};  // "conv2d"
  std::string operands =
      {};            // the shapes of the first two and the last: "(16,64,64,3) (32,4,4,3) ..."
  double bytes = 0;  // of all operands, each once
  double flop = 0;   // of a convolution; else 0: other kernels are bound by memory
  std::vector<View> views = {};
  bool bf16 = false;  // what it multiplies, of a convolution
};

// Must call `run` at least once.
using Around = std::function<void(const Call&, const std::function<void()>& run)>;

// Kernels that compute, without those that only say how much scratch memory they need. One at a
// time: the last call decides. A program runs its kernels one by one, never from a recording.
const Backend& watched_backend(const Backend& like, Around around);

}  // namespace dagan::bench
