// Each pixel's usual residual on good images, against which a map is standardised.
#pragma once
#include <span>

#include "dagan/detect/scorer.h"

namespace dagan {

// Writes <network>.residual.mean and .spread for every network that `scoring` reads, from the
// residual maps of `images` (n, size, size, channels), n >= 2: the mean m of each pixel, and the
// square root of (1 - shrinkage) v + shrinkage * mean(v), where v is each pixel's unbiased
// variance. Few images say little about one pixel's spread, so it is drawn towards that of the
// whole map. Does nothing when `scoring` does not standardise.
void calibrate_residual(const Architecture& architecture, const Scoring& scoring, Weights weights,
                        const Backend& backend, Store& store, std::span<const float> images);

}  // namespace dagan
