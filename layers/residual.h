// From a reconstruction to a score (kernels/residual/residual.h has the formulas). For evaluation:
// these ops have no gradients.
#pragma once
#include "core/tape.h"

namespace dagan {

Tensor pooled_residual(Tensor x, Tensor reconstruction,
                       int radius);  // (N,H,W,C) twice -> (N,H,W,1)
Tensor standardise(Tensor map, Tensor mean,
                   Tensor spread);            // (N,H,W,1), (1,H,W,1) twice -> (N,H,W,1)
Tensor top_mean(Tensor map, float fraction);  // (N,H,W,1) -> (N,1,1,1)

}  // namespace dagan
