// The sum over all pixels, a number a channel: the gradient of a bias.
#pragma once
#include "core/tape.h"

namespace dagan {

// x (N,H,W,C) -> sum (1,1,1,C), which exists already: gradients accumulate.
void channel_sum(Tensor x, Tensor sum, Write write);

}  // namespace dagan
