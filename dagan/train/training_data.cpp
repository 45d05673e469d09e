#include "dagan/train/training_data.h"

#include <algorithm>

#include "core/check.h"
#include "dagan/data/dataset.h"
#include "dagan/data/file.h"
#include "dagan/detect/threshold.h"
#include "dagan/train/orientation.h"

namespace dagan {
namespace {

std::string describe(const Preprocessing& p, Shape source) {
  return text(source.w, "x", source.h, p.channels == 1 ? " grey" : " colour", ", ",
              p.dtype == DType::u16 ? "16" : "8", " bit, levels ", p.levels.low, " to ",
              p.levels.high, "; the networks see ", p.size, "x", p.size);
}

}  // namespace

std::vector<float> TrainingData::gather(const std::vector<std::size_t>& side,
                                        std::size_t most) const {
  std::vector<float> result;
  for (std::size_t i = 0; i < std::min(most, side.size()); ++i) {
    const std::span<const float> image = images->image(side[i]);
    result.insert(result.end(), image.begin(), image.end());
  }
  return result;
}

void TrainingData::resolve_flips(Recipe& recipe, Observer& observer) const {
  std::string& horizontal = recipe.augment.flip_horizontal;
  std::string& vertical = recipe.augment.flip_vertical;
  if (horizontal != "auto" && vertical != "auto") return;
  const Asymmetry asymmetry = measure_asymmetry(gather(split.training, split.training.size()),
                                                preprocessing().size, preprocessing().channels);
  const auto resolve = [](std::string& flip, double value) {
    if (flip == "auto") flip = value < kHarmlessAsymmetry ? "on" : "off";
  };
  resolve(horizontal, asymmetry.horizontal);
  resolve(vertical, asymmetry.vertical);
  observer.message(text("flips: horizontal ", horizontal, ", vertical ", vertical,
                        " (asymmetry of the good images ", asymmetry.horizontal, " and ",
                        asymmetry.vertical, ")"));
}

std::string TrainingData::fingerprint() const {
  Sha256 sum;
  for (const auto* side : {&split.training, &split.validation}) {
    sum.add_number(side->size());
    for (const std::size_t i : *side) sum.add(std::as_bytes(std::span(images->contents()[i])));
  }
  return to_hex(sum.finish());
}

TrainingData load_training_data(const std::filesystem::path& folder, const Recipe& recipe,
                                Observer& observer) {
  const Dataset dataset = find_dataset(folder);
  observer.message(text(shown(folder), ": ", dataset.description));
  const std::vector<std::filesystem::path> files = require_training(dataset, folder).files;
  TrainingData data;
  data.images = std::make_unique<ImageSet>(files, decide_preprocessing(files, recipe.data));
  data.images->wait_all();
  observer.message(text("images: ", describe(data.preprocessing(), data.images->source_shape(0))));
  data.split = split_by_content(data.images->contents(), recipe.data.validation_fraction,
                                std::uint64_t(recipe.train.seed));
  for (const std::vector<std::size_t>& group : data.split.duplicates) {
    observer.warning(text(shown(files[group[0]]), " and ", shown(files[group[1]]),
                          group.size() > 2 ? " and more" : "", " have the same pixels"));
  }
  conformal_rank(std::int64_t(data.split.validation.size()), recipe.detect.max_false_reject);
  check(Fault::data, data.split.training.size() >= 2, shown(folder), ": of ", files.size(),
        " good images one is left to train on, which has no spread; add good images or lower "
        "data.validation_fraction");
  observer.message(text("split: ", data.split.training.size(), " to train on, ",
                        data.split.validation.size(), " held back for the threshold"));
  return data;
}

}  // namespace dagan
