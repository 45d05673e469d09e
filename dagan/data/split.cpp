#include "dagan/data/split.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "core/check.h"

namespace dagan {

Split split_by_content(std::span<const Digest> contents, double validation_fraction,
                       std::uint64_t seed) {
  check(validation_fraction >= 0 && validation_fraction < 1, "[split] fraction ",
        validation_fraction, " is not in [0,1)");
  std::map<Digest, std::vector<std::size_t>> ranked;  // by a key that the seed shuffles
  for (std::size_t i = 0; i < contents.size(); ++i) {
    Sha256 key;
    key.add_number(seed);
    key.add(std::as_bytes(std::span(contents[i])));
    ranked[key.finish()].push_back(i);
  }
  auto wanted = std::size_t(std::llround(validation_fraction * double(contents.size())));
  if (validation_fraction > 0) wanted = std::max<std::size_t>(wanted, 1);
  Split split;
  for (const auto& [key, same] : ranked) {
    auto& side = split.validation.size() < wanted ? split.validation : split.training;
    side.insert(side.end(), same.begin(), same.end());
    if (same.size() > 1) split.duplicates.push_back(same);
  }
  check(Fault::data, !split.training.empty(), "of ", contents.size(), " good images (",
        ranked.size(),
        " of them different) none is left for training beside the validation images; add good "
        "images");
  std::sort(split.training.begin(), split.training.end());
  std::sort(split.validation.begin(), split.validation.end());
  std::sort(split.duplicates.begin(), split.duplicates.end());
  return split;
}

}  // namespace dagan
