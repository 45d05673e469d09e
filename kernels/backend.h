// The backends of this build.
#pragma once
#include "core/backend.h"

namespace dagan {

const Backend& cpu_backend();

}  // namespace dagan
