// What a build with CUDA adds to the versions of the kernels; empty or null in one without.
#pragma once
#include <vector>

#include "kernels/ceilings/ceilings.h"
#include "kernels/version.h"

namespace dagan {

std::vector<KernelVersion> cuda_versions();
const Ceilings* cuda_ceilings();

}  // namespace dagan
