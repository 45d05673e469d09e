// The good images of a data folder, decoded and split.
#pragma once
#include <filesystem>
#include <memory>
#include <vector>

#include "dagan/data/image_set.h"
#include "dagan/data/split.h"
#include "dagan/recipe/recipe.h"
#include "dagan/train/observer.h"

namespace dagan {

struct TrainingData {
  std::unique_ptr<ImageSet> images;  // all good images of the training part
  Split split;

  const Preprocessing& preprocessing() const { return images->preprocessing(); }
  // The images of one side, one behind the other: (n,size,size,channels).
  std::vector<float> gather(const std::vector<std::size_t>& side, std::size_t most) const;
  // Turns a recipe's "auto" flips into "on" or "off", from the images to train on, and says so.
  void resolve_flips(Recipe& recipe, Observer& observer) const;
  // Changes when any image does, or which side it is on.
  std::string fingerprint() const;
};

// Says what it finds. Errors: data, also when fewer than two images are left to train on; usage
// when the held-back images are too few for the false-reject budget: better now than after
// training.
TrainingData load_training_data(const std::filesystem::path& folder, const Recipe& recipe,
                                Observer& observer);

}  // namespace dagan
