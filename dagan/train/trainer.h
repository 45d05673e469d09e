// A whole training run: data, steps, checkpoints, threshold, one model file.
#pragma once
#include <filesystem>

#include "dagan/recipe/recipe.h"
#include "dagan/train/observer.h"
#include "kernels/backend.h"

namespace dagan {

struct TrainOptions {
  std::filesystem::path data;  // empty when resuming: the run knows it
  std::filesystem::path out;
  Recipe recipe;         // ignored when resuming
  bool resume = false;   // go on with the unfinished run in `out`, bit for bit
  bool force = false;    // replace a run in `out`
  bool dry_run = false;  // check data and recipe, do one step, write nothing
  const Backend* backend = &cpu_backend();
};

struct TrainResult {
  std::filesystem::path model;
  std::int64_t training_images = 0, validation_images = 0;
  float threshold = 0;
  double seconds = 0;
  std::string fingerprint;  // of the model's weights
};

// Trains on the good images of `data`, holding a part of them back; no test image is opened. Throws
// Interrupted after saving when a stop was requested, and Error: usage (recipe, or a false-reject
// budget that the held-back images cannot support), data, model (a damaged checkpoint), output,
// health.
TrainResult train(const TrainOptions& options, Observer& observer);

}  // namespace dagan
