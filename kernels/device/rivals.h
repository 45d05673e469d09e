// The libraries that the kernels are held against, as versions of them. Nothing is linked with:
// each is looked for when one of its versions is asked whether it is missing.
#pragma once
#include "kernels/version.h"

namespace dagan::cuda {

extern const KernelVersions cublas_versions;  // conv2d
extern const KernelVersions cudnn_versions;   // conv2d

}  // namespace dagan::cuda
