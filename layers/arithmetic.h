// Sums and multiples of tensors of one shape.
#pragma once
#include "core/tape.h"
#include "kernels/arithmetic/arithmetic.h"

namespace dagan {

// alpha * a + beta * b + constant; b may be empty.
Tensor linear(Tensor a, Tensor b, LinearGeometry geometry);
// The same numbers in another type; x itself if it has that type.
Tensor cast(Tensor x, DType type);
// linear into a tensor that exists, which may be a or b: an update.
void linear_into(Tensor a, Tensor b, LinearGeometry geometry, Tensor y);

Tensor operator*(double factor, Tensor a);
Tensor operator+(Tensor a, Tensor b);
Tensor operator-(Tensor a, Tensor b);

}  // namespace dagan
