// A training run's state in one file: every entry of the store, bit for bit.
#pragma once
#include <filesystem>

#include "core/safetensors.h"
#include "core/store.h"

namespace dagan {

// Written to a temporary, synced and renamed: at any moment the file is the old one or the whole
// new one. Fault::output when it cannot be written; an older file is untouched.
void save_checkpoint(const std::filesystem::path& file, const Store& store,
                     const Metadata& metadata);

// Fills every entry of the store and returns the metadata. Fault::model when the file is damaged or
// does not hold exactly the store's entries.
Metadata load_checkpoint(const std::filesystem::path& file, Store& store);

}  // namespace dagan
