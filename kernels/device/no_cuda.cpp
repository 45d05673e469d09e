// In the place of cuda_backend.cu, in a build without the CUDA toolkit.
#include "core/check.h"
#include "kernels/backend.h"

namespace dagan {

bool has_cuda() { return false; }

const Backend& cuda_backend() {
  fail(
      Fault::device,
      "--device cuda: this program was built without CUDA; --device emulated runs the same kernels "
      "on the CPU");
}

}  // namespace dagan
