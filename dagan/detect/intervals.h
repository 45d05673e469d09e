// How far a number from a small test set can be trusted.
//
// AUROC, average precision, pixel AUROC and AUPRO: percentile bootstrap over images, drawn within
// each class, so that every resample has the same numbers of good and defective images. Random
// numbers are counter-based: the same interval for the same data and seed, for any number of
// threads.
//
// Where the classes are separated completely, every resample is as well and the bootstrap would
// claim certainty. AUROC then gets the exact binomial bound instead: min(good, defects) disjoint
// pairs, all in the right order. Average precision gets no interval.
//
// Rates get the exact binomial interval (Clopper and Pearson, Biometrika 26, 1934), because no
// escape among 20 defects does not mean no escape ever.
//
// Source: Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13.
#pragma once
#include <cstdint>
#include <optional>

#include "dagan/detect/metrics.h"
#include "dagan/detect/pixel_metrics.h"

namespace dagan {

struct Interval {
  double low = 0, high = 0;
};

struct Bootstrap {
  int resamples = 2000;
  double level = 0.95;
  std::uint64_t seed = 1;
};

struct ImageIntervals {
  std::optional<Interval> auroc, average_precision, false_reject_rate, escape_rate;
};
// Undefined as the metrics are. cost: resamples * (images + distinct scores)
ImageIntervals image_intervals(Labelled images, float threshold, Bootstrap options = {});

struct PixelIntervals {
  std::optional<Interval> auroc, aupro;
};
// Undefined as the metrics are, with fewer than two images that have regions, and where it would
// take more than about a minute. cost: resamples * (all bins of all images)
PixelIntervals pixel_intervals(const PixelMetrics& metrics, double false_positive_limit = 0.3,
                               Bootstrap options = {});

// `events` of `count` trials; undefined without trials.
std::optional<Interval> rate_interval(std::int64_t events, std::int64_t count, double level = 0.95);

}  // namespace dagan
