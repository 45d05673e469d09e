// A trained model in one file, `model.dagan`: the weights that detection needs, and everything that
// turns a picture into a verdict. docs/formats.md lists its metadata.
#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

#include "core/store.h"
#include "dagan/data/preprocess.h"
#include "dagan/data/sha256.h"
#include "dagan/detect/scorer.h"
#include "dagan/recipe/recipe.h"
#include "kernels/backend.h"

namespace dagan {

struct ModelInfo {
  Recipe recipe;  // resolved: every key
  Preprocessing preprocessing;
  std::vector<float> validation_scores;  // of the good images that were held back, in their order
  double max_false_reject = 0;           // the budget that the threshold was set for
  float threshold = 0;
  std::vector<Digest> contents;  // of all images of training and validation: none may be tested

  Architecture architecture() const;
  Scoring scoring() const;
};

struct Model : ModelInfo {
  std::filesystem::path file;    // that it was read from
  std::string fingerprint;       // 16 hexadecimal digits, equal for equal files' weights
  std::unique_ptr<Store> store;  // Weights::live
};

// The weights come from `store`. Atomic and synced, as a checkpoint. Errors: Fault::output.
void save_model(const std::filesystem::path& file, const ModelInfo& info, const Store& store,
                Weights weights);

// A model's file, or the folder of a run that holds one. Errors: Fault::model, naming the file:
// missing, not a model, damaged, of a newer version, or without a tensor or key that it needs.
// known: called before the weights are read, which takes most of the time; they may yet be damaged.
Model load_model(const std::filesystem::path& run_or_file, const Backend& backend = cpu_backend(),
                 const std::function<void(const ModelInfo&)>& known = {});

// The file that load_model reads.
std::filesystem::path model_path(const std::filesystem::path& run_or_file);

}  // namespace dagan
