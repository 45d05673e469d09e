// The ops of a model as cases, on the shapes that they have there.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "kernels/version.h"
#include "tests/cases/op_case.h"

namespace dagan::bench {

struct ModelShape {
  std::int64_t batch = 16, size = 64, channels = 3, width = 32;
};

const std::vector<std::string>& op_names();  // the folders of kernels/ whose ops a model uses

// What the op does in the model, each shape once. A version of the convolution gets the passes that
// it has, on operands of its type; of other ops, f32.
std::vector<cases::OpCase> model_cases(const std::string& op, const ModelShape&,
                                       const KernelVersion&);

}  // namespace dagan::bench
