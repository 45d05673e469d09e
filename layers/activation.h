// Element-wise activations (kernels/activation/activation.h has the formulas). The result has x's
// shape and, but for tanh, its type.
#pragma once
#include "core/tape.h"

namespace dagan {

Tensor leaky_relu(Tensor x, float slope);  // slope >= 0
Tensor relu(Tensor x);
Tensor tanh(Tensor x, DType type = DType::f32);

}  // namespace dagan
