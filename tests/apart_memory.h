// A backend like `like`, whose memory the host cannot touch: every page is locked but while kernels
// run and while memory is copied. What passes here needs no shared memory on a GPU either.
#pragma once
#include "core/backend.h"

namespace dagan::testing {

// One at a time: the last call decides which kernels run.
const Backend& apart_from_host(const Backend& like);

}  // namespace dagan::testing
