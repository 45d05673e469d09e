// What a build with CUDA adds to the versions of the kernels; empty in one without.
#pragma once
#include <vector>

#include "kernels/version.h"

namespace dagan {

std::vector<KernelVersion> cuda_versions();

}  // namespace dagan
