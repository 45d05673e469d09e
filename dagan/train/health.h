// Whether training still learns. GANs fail silently; this says so, with advice, and stops the run.
#pragma once
#include <cstdint>
#include <span>

namespace dagan {

struct StepHealth {
  std::int64_t step = 0;
  double generator_loss = 0, discriminator_loss = 0;
  bool generator_finite = true, discriminator_finite = true;  // all gradients
};

// Fault::health when a loss or gradient is not finite: the update was not made.
void check_step(const StepHealth& health);

// Fault::health when the reconstructions hardly vary over pixels and images although the images do:
// G answers everything with one constant picture. Both (n, size, size, channels), in [-1,1].
void check_not_collapsed(std::int64_t step, std::span<const float> images,
                         std::span<const float> reconstructions);

// Fault::health when a score of a held-back image is not finite: the weights are of no use.
void check_scores(std::int64_t step, std::span<const float> scores);

}  // namespace dagan
