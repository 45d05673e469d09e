#include "dagan/detect/threshold.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "core/check.h"
#include "core/random.h"

namespace dagan {
namespace {

TEST_CASE("conformal ranks") {
  CHECK(conformal_rank(99, 0.01) == 99);
  CHECK(conformal_rank(100, 0.01) == 100);
  CHECK(conformal_rank(199, 0.01) == 198);
  CHECK(conformal_rank(19, 0.05) == 19);
  CHECK(conformal_rank(39, 0.05) == 38);
  CHECK(conformal_rank(9, 0.1) == 9);
  CHECK(conformal_rank(9, 0.3) == 7);
  CHECK(conformal_rank(1, 0.5) == 1);
  CHECK(conformal_rank(99, 0.29) == 71);  // 100 * 0.29 is 28.999999999999996
  std::vector<float> scores(99);
  std::iota(scores.rbegin(), scores.rend(), 1.0f);
  CHECK(conformal_threshold(scores, 0.01) == 99.0f);
  CHECK(conformal_threshold(scores, 0.05) == 95.0f);
}

TEST_CASE("an infeasible budget names the images that it needs") {
  const std::vector<float> scores(50, 1.0f);
  try {
    conformal_threshold(scores, 0.01);
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.fault() == Fault::usage);
    CHECK(std::string(error.what()) ==
          "infeasible: 1 % needs at least 99 good validation images, you have 50");
  }
  CHECK_THROWS_AS(conformal_threshold({}, 0.5), Error);
  CHECK_THROWS_AS(conformal_threshold(scores, 0), Error);
  CHECK_THROWS_AS(conformal_threshold(scores, 1), Error);
  CHECK_THROWS_AS(conformal_threshold(scores, std::nan("")), Error);
  CHECK_THROWS_AS(conformal_threshold(std::vector<float>(30, std::nanf("")), 0.1), Error);
}

TEST_CASE("images_needed is the first number that works") {
  for (double budget : {0.5, 0.3, 0.1, 0.07, 0.05, 0.02, 0.01, 0.005, 0.001}) {
    CAPTURE(budget);
    const std::int64_t n = images_needed(budget);
    CHECK(conformal_rank(n, budget) == n);
    if (n > 1) CHECK_THROWS_AS(conformal_rank(n - 1, budget), Error);
  }
}

// Mean over validation sets of the probability that one more good image is rejected. Scores are
// uniform, so that this probability is 1 - threshold; any other distribution gives the same.
double mean_false_reject(std::int64_t n, double budget, int repeats) {
  const Philox random{3};
  std::vector<float> scores(std::size_t(n), 0.0f);
  double sum = 0;
  for (int repeat = 0; repeat < repeats; ++repeat) {
    for (std::size_t i = 0; i < scores.size(); ++i) {
      scores[i] = uniform(random.words(std::uint64_t(repeat), i)[0]);
    }
    sum += 1 - conformal_threshold(scores, budget);
  }
  return sum / repeats;
}

TEST_CASE("the realised false-reject rate is the budget's, as exactly as n allows") {
  for (auto [n, budget] : {std::pair<std::int64_t, double>{20, 0.05},
                           {50, 0.05},
                           {100, 0.05},
                           {100, 0.01},
                           {30, 0.2}}) {
    CAPTURE(n);
    CAPTURE(budget);
    const double mean = mean_false_reject(n, budget, 4000);
    const double expected = double(n + 1 - conformal_rank(n, budget)) / double(n + 1);
    const double error = std::sqrt(expected / double(n) / 4000);
    CHECK(expected <= budget + 1e-12);
    CHECK(std::abs(mean - expected) < 4 * error);
  }
}

TEST_CASE("p-values and ratios") {
  const std::vector<float> scores = {1, 2, 2, 3};
  CHECK(p_value(scores, 4) == doctest::Approx(1.0 / 5));
  CHECK(p_value(scores, 3) == doctest::Approx(2.0 / 5));
  CHECK(p_value(scores, 2) == doctest::Approx(4.0 / 5));
  CHECK(p_value(scores, 0) == 1.0);
  CHECK(p_value({}, 0) == 1.0);
  CHECK_THROWS_AS(p_value(scores, std::nanf("")), Error);
  CHECK(score_ratio(3, 2).value() == 1.5);
  CHECK_FALSE(score_ratio(3, 0).has_value());
  CHECK_FALSE(score_ratio(3, -1).has_value());
  CHECK_FALSE(is_defective(2, 2));
  CHECK(is_defective(std::nextafter(2.0f, 3.0f), 2));
  CHECK(score_ratio(std::nextafter(2.0f, 3.0f), 2).value() > 1);
}

TEST_CASE(
    "a reject always has a p-value within the budget, and never more rejects than it allows") {
  CHECK(rc::check("reject implies p <= budget", [] {
    const double budget = *rc::gen::inRange(1, 100) / 100.0;
    const int n = int(images_needed(budget)) + *rc::gen::inRange(0, 60);
    const auto raw = *rc::gen::container<std::vector<int>>(n, rc::gen::inRange(0, 20));
    const std::vector<float> scores(raw.begin(), raw.end());
    const float threshold = conformal_threshold(scores, budget);
    for (float score = -1; score < 22; score += 0.5f) {
      if (is_defective(score, threshold)) RC_ASSERT(p_value(scores, score) <= budget + 1e-9);
    }
    const auto rejected = std::count_if(scores.begin(), scores.end(),
                                        [&](float s) { return is_defective(s, threshold); });
    RC_ASSERT(double(rejected) <= budget * (n + 1) + 1e-9);
  }));
}

}  // namespace
}  // namespace dagan
