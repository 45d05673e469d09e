#include "dagan/data/dataset.h"

#include <system_error>

#include "core/check.h"
#include "dagan/data/file.h"
#include "dagan/data/folder.h"
#include "dagan/data/image.h"
#include "dagan/data/masks.h"

namespace dagan {
namespace fs = std::filesystem;
namespace {

constexpr double kTestFraction =
    0.2;  // of the good pictures, where the layout names none for the test

bool is_mask_name(const fs::path& folder) {
  const std::string name = lower_case(folder.filename().string());
  return name == "ground_truth" || name == "masks";
}

bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

// A folder's pictures by label: its good ones, and one listing for each other folder that has any.
struct Labelled {
  Listing good;
  std::vector<std::pair<fs::path, std::vector<fs::path>>> types;
  std::int64_t others = 0;
  fs::path first_other;

  void count_others(const Listing& listing) {
    if (others == 0) first_other = listing.first_other;
    others += listing.others;
  }
};

Labelled label(const fs::path& folder) {
  Labelled result;
  const Listing direct = list_images(folder, Depth::folder);
  fs::path good;
  for (const fs::path& sub : list_folders(folder)) {
    if (is_mask_name(sub)) continue;
    Listing listing = list_images(sub, Depth::tree);
    result.count_others(listing);
    if (listing.images.empty()) continue;
    if (!is_good_name(sub)) {
      result.types.emplace_back(sub, std::move(listing.images));
      continue;
    }
    check(Fault::data, good.empty(), shown(folder), ": has two folders of good images, ",
          shown(good.filename()), " and ", shown(sub.filename()), "; put all into one of them");
    good = sub;
    result.good = std::move(listing);
  }
  result.count_others(direct);
  check(Fault::data, good.empty() || direct.images.empty(), shown(folder),
        ": has images of its own, as ",
        direct.images.empty() ? "" : shown(direct.images[0].filename()), ", beside its folder ",
        shown(good.filename()), "; move them into a folder, so that it is clear what they show");
  if (good.empty()) result.good = direct;
  return result;
}

void add_good(const std::vector<fs::path>& files, TestSamples& test) {
  for (const fs::path& file : files) test.samples.push_back({file, {}, "good", false});
}

void add_defects(const Labelled& labelled, TestSamples& test) {
  for (const auto& [folder, files] : labelled.types) {
    for (const fs::path& file : files) {
      test.samples.push_back({file, {}, folder.filename().string(), true});
    }
  }
}

// By each file's own bytes, so that a file added later moves no other one to the other side.
void hold_back(TrainingFiles& training, TestSamples& test) {
  std::vector<fs::path> kept, held;
  for (const fs::path& file : training.files) {
    const Digest digest = sha256(read_file(file, kImageLimits.file));
    const double rank = (digest[0] + digest[1] / 256.0 + digest[2] / 65536.0) / 256.0;  // [0,1)
    (rank < kTestFraction ? held : kept).push_back(file);
  }
  training.files = std::move(kept);
  add_good(held, test);
}

// The layout with a train or a test folder.
Labelled find_separate(const fs::path& folder, Dataset& dataset) {
  Labelled all;
  if (is_folder(folder / "train")) {
    Labelled train = label(folder / "train");
    if (!train.types.empty()) {
      fail(Fault::data, shown(train.types[0].first),
           ": training takes good images only; move the folder to ", shown(folder / "test"),
           ", or its images to ", shown(folder / "train" / "good"), " if they are good");
    }
    dataset.training.files = train.good.images;
    all.others = train.others;
    all.first_other = train.first_other;
  }
  if (is_folder(folder / "test")) {
    const Listing direct = list_images(folder / "test", Depth::folder);
    check(Fault::data, direct.images.empty(), shown(folder / "test"),
          ": its images have no label; put them into ", shown(folder / "test" / "good"), " or ",
          shown(folder / "test" / "TYPE"), ", TYPE being the kind of defect");
    Labelled test = label(folder / "test");
    add_good(test.good.images, dataset.test);
    add_defects(test, dataset.test);
    if (all.others == 0) all.first_other = test.first_other;
    all.others += test.others;
  }
  return all;
}

// The layouts in which good pictures and defects lie side by side.
Labelled find_plain(const fs::path& folder, Dataset& dataset) {
  Labelled all = label(folder);
  if (all.good.images.empty() && !all.types.empty()) {
    fail(Fault::data, shown(folder), ": no folder in it is called good (there is ",
         shown(all.types[0].first.filename()), "); put the images of good parts into ",
         shown(folder / "good"));
  }
  dataset.training.files = all.good.images;
  if (!all.types.empty()) hold_back(dataset.training, dataset.test);
  add_defects(all, dataset.test);
  return all;
}

std::string counted(std::size_t count, const char* what) {
  return text(count, " ", what, count == 1 ? "" : "s");
}

std::string describe(const Dataset& dataset, const Labelled& all) {
  std::size_t good = 0, defects = 0, masks = 0, types = 0;
  std::string last;
  for (const Sample& sample : dataset.test.samples) {
    ++(sample.defect ? defects : good);
    masks += !sample.mask.empty();
    if (sample.defect && sample.type != last) ++types;
    if (sample.defect) last = sample.type;
  }
  std::string line = text(dataset.training.files.size(), " good images for training; ");
  if (dataset.test.samples.empty()) {
    line += "no test images";
  } else {
    line += text("test: ", good, " good, ", counted(defects, "defect"));
    if (defects > 0) line += text(" of ", counted(types, "type"), ", ");
    if (defects > 0) line += masks == 0 ? "no masks" : counted(masks, "mask");
    if (masks > 0 && masks < defects) line += text(" (", defects - masks, " without)");
  }
  if (!all.good.images.empty() && good > 0) line += "; the good ones for the test are held back";
  if (all.others > 0) {
    line += text("; ", counted(std::size_t(all.others), "file"),
                 " ignored that cannot be images by name (", shown(all.first_other.filename()),
                 all.others > 1 ? ", ...)" : ")");
  }
  return line;
}

}  // namespace

Dataset find_dataset(const fs::path& folder) {
  std::error_code ignored;
  check(Fault::data, fs::exists(folder, ignored), shown(folder),
        ": there is no such folder; check the path");
  check(Fault::data, is_folder(folder), shown(folder),
        ": is not a folder; name the folder that holds the images");
  Dataset dataset;
  const bool separate = is_folder(folder / "train") || is_folder(folder / "test");
  const Labelled all = separate ? find_separate(folder, dataset) : find_plain(folder, dataset);
  if (dataset.training.files.empty() && dataset.test.samples.empty()) {
    fail(Fault::data, shown(folder), ": holds no images (png, jpg, bmp, tif, pgm, ppm)",
         all.others > 0 ? text(" but ", counted(std::size_t(all.others), "other file"), ", as ",
                               shown(all.first_other.filename()))
                        : "",
         "; put images of good parts into it");
  }
  for (const fs::path& sub : list_folders(folder)) {
    if (is_mask_name(sub)) pair_masks(sub, dataset.test);
  }
  dataset.description = describe(dataset, all);
  return dataset;
}

TrainingFiles require_training(const Dataset& dataset, const fs::path& folder) {
  const std::size_t count = dataset.training.files.size();
  check(Fault::data, count >= kFewestTrainingImages, shown(folder), ": has ",
        counted(count, "good image"), " for training, and at least ", kFewestTrainingImages,
        " are needed; add images of good parts to ", shown(folder / "train" / "good"), " or ",
        shown(folder / "good"));
  return dataset.training;
}

TestSamples require_test(const Dataset& dataset, const fs::path& folder) {
  check(Fault::data, !dataset.test.samples.empty(), shown(folder),
        ": has no test images; put good ones into ", shown(folder / "test" / "good"),
        " and defective ones into ", shown(folder / "test" / "TYPE"),
        ", TYPE being the kind of defect");
  return dataset.test;
}

}  // namespace dagan
