// The kernels whose memory accesses the emulator sees.
#pragma once
#include "kernels/kernels.h"

namespace dagan {

// Null in a build with a sanitizer of its own.
const Kernels* checked_kernels();

}  // namespace dagan
