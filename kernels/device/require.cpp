#include "core/check.h"
#include "kernels/device/types.h"

namespace dagan::gpu {

void require(bool holds, const char* where, Shape shape, const char* what) {
  check(Fault::usage, holds, "[", where, "] ", shape, " ", what);
}

}  // namespace dagan::gpu
