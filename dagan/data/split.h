// Which good pictures are held back for validation: a matter of their pixels and the seed alone, so
// that neither names, formats nor the order of files can move a picture to the other side.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "dagan/data/sha256.h"

namespace dagan {

struct Split {
  std::vector<std::size_t> training, validation;  // indices of the files, ascending
  std::vector<std::vector<std::size_t>>
      duplicates;  // groups of files with equal pixels, all on one side
};

// `contents` are the pictures' content_digest. They are ranked by SHA-256(seed, digest), and the
// first round(fraction * count), but at least one where the fraction is above 0, are validation;
// equal pictures count one by one but stay together, so that duplicates may make it a few more.
// Errors (Fault::data): nothing left for training.
Split split_by_content(std::span<const Digest> contents, double validation_fraction,
                       std::uint64_t seed);

}  // namespace dagan
