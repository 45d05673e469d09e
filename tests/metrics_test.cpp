#include "dagan/detect/metrics.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <cmath>
#include <limits>
#include <string>

#include "core/check.h"
#include "dagan/detect/pixel_metrics.h"
#include "dagan/detect/regions.h"
#include "tests/golden/metrics.h"

namespace dagan {
namespace {

using doctest::Approx;

struct Sample {
  std::vector<float> scores;
  std::vector<std::uint8_t> defect;
  Labelled labelled() const { return {scores, defect}; }
};

// Few distinct scores, so that ties are the rule.
rc::Gen<Sample> any_sample() {
  return rc::gen::mapcat(rc::gen::inRange(0, 40), [](int n) {
    return rc::gen::map(
        rc::gen::pair(rc::gen::container<std::vector<int>>(n, rc::gen::inRange(-8, 8)),
                      rc::gen::container<std::vector<int>>(n, rc::gen::inRange(0, 2))),
        [](const std::pair<std::vector<int>, std::vector<int>>& pair) {
          Sample sample;
          for (int v : pair.first) sample.scores.push_back(float(v) / 4);
          for (int v : pair.second) sample.defect.push_back(std::uint8_t(v));
          return sample;
        });
  });
}

// The definition: every pair of a defect and a good image.
std::optional<double> auroc_by_pairs(const Sample& s) {
  double won = 0, pairs = 0;
  for (std::size_t i = 0; i < s.scores.size(); ++i) {
    for (std::size_t j = 0; j < s.scores.size(); ++j) {
      if (!s.defect[i] || s.defect[j]) continue;
      won += s.scores[i] > s.scores[j] ? 1 : s.scores[i] == s.scores[j] ? 0.5 : 0;
      pairs += 1;
    }
  }
  if (pairs == 0) return std::nullopt;
  return won / pairs;
}

double f1_at(const Sample& s, float threshold) {
  const Confusion c = confusion(s.labelled(), threshold);
  return 2.0 * double(c.defect_rejected) /
         double(2 * c.defect_rejected + c.good_rejected + c.defect_accepted);
}

// rc::check prints the seed and the smallest counterexample when it fails.
template <class F>
void property(const char* name, F&& f) {
  CHECK(rc::check(name, std::forward<F>(f)));
}

TEST_CASE("image metrics equal scikit-learn's") {
  for (const golden::ImageCase& g : golden::kImageCases) {
    CAPTURE(g.name);
    const Labelled images{g.scores, g.defect};
    CHECK(auroc(images).value() == Approx(g.auroc).epsilon(1e-14));
    CHECK(average_precision(images).value() == Approx(g.average_precision).epsilon(1e-14));
    CHECK(oracle_f1(images).value().f1 == Approx(g.f1).epsilon(1e-14));
  }
}

TEST_CASE("properties of AUROC, average precision and F1") {
  property("AUROC is the share of pairs in the right order", [] {
    const Sample s = *any_sample();
    const auto fast = auroc(s.labelled()), slow = auroc_by_pairs(s);
    RC_ASSERT(fast.has_value() == slow.has_value());
    if (fast) RC_ASSERT(std::abs(*fast - *slow) < 1e-14);
  });
  property("no metric sees a rising map or the order", [] {
    const Sample s = *any_sample();
    Sample t{{s.scores.rbegin(), s.scores.rend()}, {s.defect.rbegin(), s.defect.rend()}};
    for (float& v : t.scores) v = std::exp(v) - 7;
    RC_ASSERT(auroc(s.labelled()) == auroc(t.labelled()));
    RC_ASSERT(average_precision(s.labelled()) == average_precision(t.labelled()));
    const auto f = oracle_f1(s.labelled()), g = oracle_f1(t.labelled());
    RC_ASSERT(f.has_value() == g.has_value());
    if (f) RC_ASSERT(f->f1 == g->f1);
  });
  property("negated scores give 1 - AUROC", [] {
    const Sample s = *any_sample();
    Sample t = s;
    for (float& v : t.scores) v = -v;
    const auto a = auroc(s.labelled()), b = auroc(t.labelled());
    RC_ASSERT(a.has_value() == b.has_value());
    if (a) RC_ASSERT(std::abs(*a + *b - 1) < 1e-14);
  });
  property("the oracle's threshold reaches its F1 and no other does better", [] {
    const Sample s = *any_sample();
    const auto best = oracle_f1(s.labelled());
    if (!best) return;
    RC_ASSERT(std::abs(f1_at(s, best->threshold) - best->f1) < 1e-14);
    for (float v : s.scores) RC_ASSERT(f1_at(s, v) <= best->f1 + 1e-14);
    RC_ASSERT(f1_at(s, -100.0f) <= best->f1 + 1e-14);
  });
}

TEST_CASE("what one class cannot answer is undefined") {
  const std::vector<float> scores = {1, 2, 3};
  const std::vector<std::uint8_t> good(3, 0), bad(3, 1);
  CHECK_FALSE(auroc(Labelled{scores, good}).has_value());
  CHECK_FALSE(auroc(Labelled{scores, bad}).has_value());
  CHECK_FALSE(auroc(Labelled{}).has_value());
  CHECK_FALSE(average_precision(Labelled{scores, good}).has_value());
  CHECK_FALSE(oracle_f1({scores, good}).has_value());
  CHECK(average_precision(Labelled{scores, bad}).value() == 1.0);
  CHECK(confusion({scores, good}, 2).false_reject_rate().value() == Approx(1.0 / 3));
  CHECK_FALSE(confusion({scores, good}, 2).escape_rate().has_value());
  CHECK_FALSE(confusion({scores, bad}, 2).false_reject_rate().has_value());
}

TEST_CASE("infinite scores rank, scores that are not numbers are errors") {
  constexpr float kInf = std::numeric_limits<float>::infinity();
  const std::vector<std::uint8_t> labels = {0, 1, 0, 1};
  const std::vector<float> infinite = {-kInf, kInf, 0, kInf};
  CHECK(auroc(Labelled{infinite, labels}).value() == 1.0);
  const std::vector<float> broken = {0, 1, std::nanf(""), 2};
  CHECK_THROWS_WITH_AS(auroc(Labelled{broken, labels}),
                       doctest::Contains("score 2 is not a number"), Error);
  CHECK_THROWS_AS(confusion({broken, labels}, 1), Error);
  CHECK_THROWS_AS(auroc(Labelled{infinite, std::span(labels).first(3)}), Error);
}

TEST_CASE("of two thresholds with the best F1 the oracle takes the higher one") {
  const std::vector<float> scores = {4, 3, 2, 1};
  const std::vector<std::uint8_t> defect = {1, 0, 0, 1};
  const OracleF1 best = oracle_f1({scores, defect}).value();
  CHECK(best.f1 == Approx(2.0 / 3));
  CHECK(best.threshold == 3.0f);
}

TEST_CASE("confusion and defect types: a score at the threshold is accepted") {
  const std::vector<float> scores = {1, 2, 3, 2, 3, 5, 1};
  const std::vector<std::uint8_t> defect = {0, 0, 0, 1, 1, 1, 1};
  const std::vector<std::string> types = {"", "", "", "spot", "cut", "cut", "spot"};
  const Confusion c = confusion({scores, defect}, 2);
  CHECK(c.good_accepted == 2);
  CHECK(c.good_rejected == 1);
  CHECK(c.defect_accepted == 2);
  CHECK(c.defect_rejected == 2);
  CHECK(c.escape_rate().value() == 0.5);
  const auto table = metrics_by_type({scores, defect}, types, 2);
  REQUIRE(table.size() == 2);
  CHECK(table[0].type == "cut");
  CHECK(table[0].count == 2);
  CHECK(table[0].escapes == 0);
  CHECK(table[0].auroc.value() == Approx(5.5 / 6));
  CHECK(table[1].type == "spot");
  CHECK(table[1].escape_rate == 1.0);
  CHECK(table[1].auroc.value() == Approx(2.0 / 6));
}

PixelMetrics golden_pixels() {
  PixelMetrics pixels;
  const std::int64_t size = golden::kHeight * golden::kWidth;
  for (std::int64_t i = 0; i < golden::kImages; ++i) {
    pixels.add(std::span(golden::kMaps).subspan(i * size, size),
               std::span(golden::kMasks).subspan(i * size, size), golden::kHeight, golden::kWidth);
  }
  return pixels;
}

TEST_CASE("pixel AUROC and AUPRO equal scikit-learn's and brute force") {
  const PixelMetrics pixels = golden_pixels();
  CHECK(pixels.regions() == golden::kRegions);
  CHECK(pixels.auroc().value() == Approx(golden::kPixelAuroc).epsilon(1e-13));
  CHECK(pixels.aupro().value() == Approx(golden::kAupro30).epsilon(1e-13));
  CHECK(pixels.aupro(0.05).value() == Approx(golden::kAupro5).epsilon(1e-13));
  CHECK(pixels.aupro(1.0).value() == Approx(golden::kAupro100).epsilon(1e-13));
  CHECK_THROWS_AS(pixels.aupro(0), Error);
}

TEST_CASE("the histogram's pixel AUROC is within its own bound of the exact one") {
  property("bound", [] {
    const int n = 64;
    const auto values = *rc::gen::container<std::vector<int>>(n, rc::gen::inRange(0, 1 << 16));
    std::vector<float> map;
    for (int v : values) map.push_back(1 + float(v) * 0x1p-23f);  // up to 16 values to a bin
    const auto bits = *rc::gen::container<std::vector<int>>(n, rc::gen::inRange(0, 2));
    const std::vector<std::uint8_t> mask(bits.begin(), bits.end());
    PixelMetrics pixels;
    pixels.add(map, mask, 8, 8);
    const auto exact = auroc(Labelled{map, mask}), binned = pixels.auroc();
    RC_ASSERT(exact.has_value() == binned.has_value());
    if (exact) RC_ASSERT(std::abs(*exact - *binned) <= pixels.auroc_error() + 1e-14);
  });
}

TEST_CASE("AUPRO: small regions weigh as much as large ones, perfect is 1, noise is limit / 2") {
  // Two regions: 1 pixel that is found, 4 that are not.
  const std::vector<std::uint8_t> mask = {1, 0, 1, 1, 0, 0, 1, 1};
  const std::vector<float> map = {9, 1, 0, 0, 1, 1, 0, 0};
  PixelMetrics half;
  half.add(map, mask, 2, 4);
  CHECK(half.regions() == 2);
  CHECK(half.aupro().value() == Approx(0.5));

  PixelMetrics perfect;
  perfect.add(std::vector<float>(mask.begin(), mask.end()), mask, 2, 4);
  CHECK(perfect.aupro().value() == Approx(1.0));
  CHECK(perfect.auroc().value() == 1.0);
  CHECK(perfect.auroc_error() == 0.0);

  PixelMetrics flat;
  flat.add(std::vector<float>(8, 0.5f), mask, 2, 4);
  CHECK(flat.aupro().value() == Approx(0.15));
  CHECK(flat.auroc().value() == 0.5);
  CHECK(flat.auroc_error() == 0.5);

  PixelMetrics good_only;
  good_only.add(map, {}, 2, 4);
  CHECK_FALSE(good_only.auroc().has_value());
  CHECK_FALSE(good_only.aupro().has_value());
}

TEST_CASE("negative map values keep their order, both zeros are equal") {
  PixelMetrics pixels;
  pixels.add(std::vector<float>{-2, -1, -0.5f, 3}, std::vector<std::uint8_t>{0, 0, 1, 1}, 2, 2);
  CHECK(pixels.auroc().value() == 1.0);
  PixelMetrics zeros;
  zeros.add(std::vector<float>{-0.0f, 0.0f}, std::vector<std::uint8_t>{0, 1}, 1, 2);
  CHECK(zeros.auroc().value() == 0.5);
  CHECK_THROWS_AS(zeros.add(std::vector<float>{1, std::nanf("")}, {}, 1, 2), Error);
}

}  // namespace
}  // namespace dagan
