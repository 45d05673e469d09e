#include "dagan/data/masks.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "core/check.h"
#include "dagan/data/file.h"
#include "dagan/data/folder.h"

namespace dagan {
namespace fs = std::filesystem;
namespace {

using ByStem = std::map<std::string, fs::path>;

ByStem by_stem(const std::vector<fs::path>& masks) {
  ByStem result;
  for (const fs::path& mask : masks) {
    const auto [other, is_new] = result.emplace(mask.stem().string(), mask);
    check(Fault::data, is_new, shown(mask), ": has the same name as ", shown(other->second),
          ", so it is not clear which mask belongs to the image; remove one");
  }
  return result;
}

// The mask of one picture, taken out of those that are left; an empty path if there is none.
fs::path take_mask(const fs::path& file, ByStem& masks) {
  const std::string stem = file.stem().string();
  auto found = masks.find(stem + "_mask");
  const auto plain = masks.find(stem);
  check(Fault::data, found == masks.end() || plain == masks.end(), shown(file), ": has two masks, ",
        found == masks.end() ? "" : shown(found->second), " and ",
        plain == masks.end() ? "" : shown(plain->second), "; remove one");
  if (found == masks.end()) found = plain;
  return found == masks.end() ? fs::path() : masks.extract(found).mapped();
}

[[noreturn]] void report_orphans(const std::vector<fs::path>& orphans) {
  constexpr std::size_t kShown = 5;
  std::string names;
  for (std::size_t i = 0; i < std::min(orphans.size(), kShown); ++i) {
    names += text(i > 0 ? ", " : "", shown(orphans[i]));
  }
  fail(Fault::data, orphans.size(), orphans.size() == 1 ? " mask has" : " masks have",
       " no image of the same name in the test folder of the same type: ", names,
       orphans.size() > kShown ? ", ..." : "",
       "; rename, move or remove them (x_mask.png for x.png)");
}

}  // namespace

void pair_masks(const fs::path& folder, TestSamples& test) {
  std::map<std::string, std::vector<Sample*>> types;
  for (Sample& sample : test.samples) {
    if (sample.defect) types[sample.type].push_back(&sample);
  }
  std::vector<fs::path> orphans = list_images(folder, Depth::folder).images;
  for (const fs::path& sub : list_folders(folder)) {
    if (is_good_name(sub)) continue;
    ByStem masks = by_stem(list_images(sub, Depth::tree).images);
    std::map<std::string, const Sample*> paired;  // by the picture's stem
    for (Sample* sample : types[sub.filename().string()]) {
      const std::string stem = sample->file.stem().string();
      check(Fault::data, !paired.count(stem), shown(sample->file), ": has the same name as ",
            paired.count(stem) ? shown(paired[stem]->file) : "",
            ", so it is not clear whose mask is whose; rename one");
      fs::path mask = take_mask(sample->file, masks);
      if (mask.empty()) continue;
      check(Fault::data, sample->mask.empty(), shown(sample->file), ": has two masks, ",
            shown(sample->mask), " and ", shown(mask), "; remove one");
      sample->mask = std::move(mask);
      paired[stem] = sample;
    }
    for (auto& [stem, mask] : masks) orphans.push_back(mask);
  }
  if (!orphans.empty()) report_orphans(orphans);
}

}  // namespace dagan
