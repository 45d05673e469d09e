// Which mask belongs to which picture of a defect.
#pragma once
#include <filesystem>

#include "dagan/data/dataset.h"

namespace dagan {

// Sets Sample::mask from `folder`/TYPE/... by stem, as dataset.h says. Fault::data as it says, too.
void pair_masks(const std::filesystem::path& folder, TestSamples& test);

}  // namespace dagan
