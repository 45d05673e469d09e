// Each pixel's usual residual on good images, against which a map is standardised.
#pragma once
#include <span>

#include "dagan/detect/scorer.h"

namespace dagan {

// Writes <network>.residual.mean and .spread for every network that `scoring` reads: mean and standard
// deviation over `images` (n, size, size, channels) of the pooled residual, each then averaged over a
// 9x9 window (inside the image only), since n images say little about one pixel. n >= 2.
// Does nothing when `scoring` does not standardise.
void calibrate_residual(const Architecture& architecture, const Scoring& scoring, Weights weights,
                        const Backend& backend, Store& store, std::span<const float> images);

}  // namespace dagan
