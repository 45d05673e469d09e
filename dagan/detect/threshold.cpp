#include "dagan/detect/threshold.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/check.h"

namespace dagan {
namespace {

// A budget such as 0.1 is not a binary fraction; without this, rounding could cost a whole rank.
constexpr double kRounding = 1e-9;

void check_budget(double budget) {
  check(Fault::usage, budget > 0 && budget < 1, "the false-reject budget is ", budget,
        ", it must lie between 0 and 1 (0.01 is 1 %)");
}

void check_scores(std::span<const float> scores) {
  for (std::size_t i = 0; i < scores.size(); ++i) {
    check(Fault::model, !std::isnan(scores[i]), "validation score ", i,
          " is not a number: the model's weights are unusable, train again");
  }
}

}  // namespace

std::int64_t images_needed(double budget) {
  check_budget(budget);
  return std::max<std::int64_t>(1, std::int64_t(std::ceil(1 / budget - kRounding / budget)) - 1);
}

std::int64_t conformal_rank(std::int64_t n, double budget) {
  check_budget(budget);
  const double allowed =
      double(n + 1) * budget;  // images above the threshold, the new one included
  const std::int64_t rank = n + 1 - std::int64_t(std::floor(allowed + kRounding));
  check(Fault::usage, n > 0 && rank <= n, "infeasible: ", budget * 100, " % needs at least ",
        images_needed(budget), " good validation images, you have ", n);
  return std::max<std::int64_t>(rank, 1);
}

float conformal_threshold(std::span<const float> validation, double budget) {
  const std::int64_t rank = conformal_rank(std::int64_t(validation.size()), budget);
  check_scores(validation);
  std::vector<float> sorted(validation.begin(), validation.end());
  std::nth_element(sorted.begin(), sorted.begin() + (rank - 1), sorted.end());
  return sorted[rank - 1];
}

double p_value(std::span<const float> validation, float score) {
  check(Fault::model, !std::isnan(score),
        "a score is not a number: the model's weights are unusable, train again");
  check_scores(validation);
  const auto at_least =
      std::count_if(validation.begin(), validation.end(), [&](float v) { return v >= score; });
  return double(1 + at_least) / double(validation.size() + 1);
}

std::optional<double> score_ratio(float score, float threshold) {
  if (!(threshold > 0)) return std::nullopt;
  return double(score) / double(threshold);
}

}  // namespace dagan
