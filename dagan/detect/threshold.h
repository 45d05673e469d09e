// The deployable threshold: from scores of good images alone, for a stated false-reject budget.
//
//   threshold = k-th smallest of n validation scores, k = ceil((n + 1) (1 - budget))
//
// Whatever the distribution of the scores, a further good image from the same line exceeds it with
// probability at most `budget`, on average over validation sets. The images must not have been
// trained on. Source: Vovk, Gammerman and Shafer, "Algorithmic Learning in a Random World", 2005
// (split conformal prediction).
#pragma once
#include <cstdint>
#include <optional>
#include <span>

namespace dagan {

// The smallest number of validation images for which a threshold for `budget` exists.
std::int64_t images_needed(double budget);

// k, from 1 to n. Errors (usage): a budget outside (0,1); a budget that n images cannot support,
// with the number of images that can.
std::int64_t conformal_rank(std::int64_t n, double budget);

// Errors: those of conformal_rank; a score that is not a number (model).
float conformal_threshold(std::span<const float> validation, double budget);

// (1 + number of validation scores >= score) / (n + 1): how often a good image would look at least
// as bad. Never below 1 / (n + 1). cost: O(n)
double p_value(std::span<const float> validation, float score);

// The one rule of the verdict.
inline bool is_defective(float score, float threshold) { return score > threshold; }

// The score in units of the threshold: above 1 is a reject, and nothing is clipped. Undefined for a
// threshold that is not positive.
std::optional<double> score_ratio(float score, float threshold);

}  // namespace dagan
