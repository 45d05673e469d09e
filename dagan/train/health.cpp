#include "dagan/train/health.h"

#include <algorithm>
#include <cmath>

#include "core/check.h"

namespace dagan {
namespace {

constexpr double kFlatImages = 0.01;  // below this deviation the images say nothing about collapse
constexpr double kCollapsed = 0.02;   // of the images' deviation

double deviation(std::span<const float> values) {
  double sum = 0, squares = 0;
  for (const float v : values) {
    sum += v;
    squares += double(v) * v;
  }
  const double n = double(values.size()), mean = sum / n;
  return std::sqrt(std::max(0.0, squares / n - mean * mean));
}

}  // namespace

void check_step(const StepHealth& h) {
  const bool losses = std::isfinite(h.generator_loss) && std::isfinite(h.discriminator_loss);
  check(Fault::health, losses && h.generator_finite && h.discriminator_finite, "step ", h.step,
        ": the ", !losses ? "loss" : "gradient",
        h.generator_finite && std::isfinite(h.generator_loss) ? " of the discriminator"
                                                              : " of the generator",
        " is not finite; the last checkpoint is good. Try a smaller train.learning_rate or "
        "loss.adversarial, or loss.game = \"hinge\"");
}

void check_not_collapsed(std::int64_t step, std::span<const float> images,
                         std::span<const float> reconstructions) {
  const double of_images = deviation(images);
  if (of_images < kFlatImages) return;
  const double of_reconstructions = deviation(reconstructions);
  check(Fault::health, of_reconstructions > kCollapsed * of_images, "step ", step,
        ": the generator answers every image with the same flat picture (deviation ",
        of_reconstructions, " against ", of_images,
        "); the last checkpoint is good. Try a smaller train.learning_rate or another train.seed");
}

void check_scores(std::int64_t step, std::span<const float> scores) {
  for (const float score : scores) {
    check(Fault::health, std::isfinite(score), "step ", step, ": a held-back image has the score ",
          score, "; no model was written. Try a smaller train.learning_rate or loss.adversarial");
  }
}

}  // namespace dagan
