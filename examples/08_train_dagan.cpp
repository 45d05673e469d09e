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
#include "dagan/train/recipe_table.h"
#include "dagan/train/trainer.h"

using namespace dagan;

void judge(Detector& detector, const Model& model, const std::string& what, const Image& image) {
  std::vector<float> pixels(std::size_t(model.preprocessing.elements()));
  preprocess(image, model.preprocessing, pixels.data(), what);
  const float score = detector(pixels)[0].score;
  std::cout << what << ": " << (is_defective(score, model.threshold) ? "defective" : "good")
            << ", score " << score << ", threshold " << model.threshold << '\n';
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
  Detector detector(model);
  const std::int64_t unseen = 1000;
  judge(detector, model, "good piece", synthetic_picture(set, unseen, "").image);
  for (const std::string& defect : synthetic_defects()) {
    judge(detector, model, defect, synthetic_picture(set, unseen, defect).image);
  }
  std::filesystem::remove_all(folder);
}

// It prints:
//   trained on ... pictures, threshold from ... others
//   good piece: good, score ..., threshold ...
//   missing: defective, score ..., threshold ...
