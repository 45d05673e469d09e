// The backends of this build.
#pragma once
#include <string_view>

#include "core/backend.h"

namespace dagan {

const Backend& cpu_backend();

// The GPU's kernels, executed by the emulator: for tests, and to see them at work without a GPU.
const Backend& emulated_backend();  // throws Fault::device where the processor cannot

const Backend& cuda_backend();  // throws Fault::device without a GPU, or in a build without CUDA
bool has_cuda();

// cpu, emulated or cuda; auto is cuda where there is a GPU, else cpu. Throws Fault::usage for
// another name.
const Backend& backend_named(std::string_view name);

}  // namespace dagan
