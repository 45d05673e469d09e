#include "kernels/device/cuda_versions.h"

#include "kernels/device/rivals.h"

namespace dagan {
namespace cuda {
extern const KernelVersions conv2d_versions, batch_norm_versions;
extern const Ceilings ceilings;
}  // namespace cuda

std::vector<KernelVersion> cuda_versions() {
  std::vector<KernelVersion> all;
  for (const KernelVersions& versions : {cuda::conv2d_versions, cuda::cublas_versions,
                                         cuda::cudnn_versions, cuda::batch_norm_versions})
    all.insert(all.end(), versions.begin(), versions.end());
  return all;
}

const Ceilings* cuda_ceilings() { return &cuda::ceilings; }

}  // namespace dagan
