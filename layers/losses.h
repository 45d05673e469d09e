// Mean errors between two tensors of one shape, as scalars (1,1,1,1).
#pragma once
#include "core/tape.h"

namespace dagan {

Tensor mean_squared_error(Tensor a, Tensor b);
Tensor mean_absolute_error(Tensor a, Tensor b);

}  // namespace dagan
