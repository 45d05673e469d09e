// Concatenation of channels.
#pragma once
#include "core/tape.h"

namespace dagan {

// a (N,H,W,A), b (N,H,W,B) -> (N,H,W,A+B). Copies nothing where it can: a and b become channel
// slices of the result, and their gradients slices of its gradient. An input that is already a part
// of something, or that outlives the tape, is copied.
Tensor concat(Tensor a, Tensor b);

}  // namespace dagan
