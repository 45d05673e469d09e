// A whole run, from a folder of good pictures to verdicts: train, load, judge.
//
// The recipe `tiny` takes seconds; `default` takes minutes and sees far more. The threshold comes
// from good pictures that were held back, never from the ones that are judged here.
#include <filesystem>
#include <iostream>
#include <vector>

#include "dagan/data/synth.h"
#include "dagan/detect/detector.h"
#include "dagan/detect/threshold.h"
#include "dagan/recipe/recipe_table.h"
#include "dagan/train/trainer.h"

using namespace dagan;

// Twenty pieces that training has not seen, with one kind of defect, or "" for none.
void judge(const Model& model, const SynthOptions& set, const std::string& defect) {
  constexpr std::int64_t kUnseen = 1000, kCount = 20;
  const std::int64_t elements = model.preprocessing.elements();
  std::vector<float> pixels(std::size_t(kCount * elements));
  for (std::int64_t i = 0; i < kCount; ++i) {
    preprocess(synthetic_picture(set, kUnseen + i, defect).image, model.preprocessing,
               &pixels[std::size_t(i * elements)], defect);
  }
  Detector detector(model);
  int rejected = 0;
  for (const Detector::Result& result : detector(pixels)) {
    rejected += is_defective(result.score, model.threshold);
  }
  std::cout << (defect.empty() ? "good" : defect) << ": " << rejected << " of " << kCount
            << " rejected\n";
}

int main() {
  const std::filesystem::path folder = std::filesystem::temp_directory_path() / "dagan_08";
  std::filesystem::remove_all(folder);
  const SynthOptions set = {.size = 32, .train = 120, .test_good = 1, .test_defect = 1};
  write_synthetic_set(folder / "data", set);

  Recipe recipe = load_recipe("tiny");
  recipe.train.steps = 400;
  Observer quiet;  // override its functions to see the progress
  const TrainResult result =
      train({.data = folder / "data", .out = folder / "run", .recipe = recipe}, quiet);
  std::cout << "trained on " << result.training_images << " pictures, threshold from "
            << result.validation_images << " others\n";

  const Model model = load_model(result.model);
  judge(model, set, "");
  for (const std::string& defect : synthetic_defects()) judge(model, set, defect);
  std::filesystem::remove_all(folder);
}

// It prints:
//   trained on 102 pictures, threshold from 18 others
//   good: ... of 20 rejected
//   missing: 20 of 20 rejected
