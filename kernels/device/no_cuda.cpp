// In the place of cuda_backend.cu and cuda_versions.cpp, in a build without the CUDA toolkit.
#include "core/check.h"
#include "kernels/backend.h"
#include "kernels/device/cuda_versions.h"

namespace dagan {

bool has_cuda() { return false; }

std::vector<KernelVersion> cuda_versions() { return {}; }
const Ceilings* cuda_ceilings() { return nullptr; }

const Backend& cuda_backend() {
  fail(
      Fault::device,
      "--device cuda: this program was built without CUDA; --device emulated runs the same kernels "
      "on the CPU");
}

}  // namespace dagan
