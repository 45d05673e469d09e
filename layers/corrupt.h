// Variation and damage of training images (kernels/corrupt/corrupt.h says which).
#pragma once
#include "core/tape.h"
#include "kernels/corrupt/corrupt.h"

namespace dagan {

// x (N,H,W,C), step: a u32 scalar that counts training steps. The results have x's shape.
Tensor augment(Tensor x, Tensor step, AugmentGeometry geometry);
Tensor corrupt(Tensor x, Tensor step, CorruptGeometry geometry);

}  // namespace dagan
