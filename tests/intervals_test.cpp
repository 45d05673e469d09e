#include "dagan/detect/intervals.h"

#include <doctest/doctest.h>
#include <omp.h>

#include <cmath>
#include <vector>

#include "core/check.h"
#include "core/random.h"
#include "tests/golden/metrics.h"

namespace dagan {
namespace {

using doctest::Approx;

struct Sample {
  std::vector<float> scores;
  std::vector<std::uint8_t> defect;
  Labelled labelled() const { return {scores, defect}; }
};

// Normal scores; defects lie one standard deviation higher. AUROC = Phi(1 / sqrt 2) = 0.7602.
Sample normal_sample(std::uint64_t stream, int good, int defects) {
  const Philox random{11};
  Sample s;
  for (int i = 0; i < good + defects; ++i) {
    const auto words = random.words(stream, std::uint64_t(i));
    s.defect.push_back(i >= good);
    s.scores.push_back(normal(words[0], words[1]) + float(i >= good));
  }
  return s;
}

bool same(const std::optional<Interval>& a, const std::optional<Interval>& b) {
  return a.has_value() == b.has_value() && (!a || (a->low == b->low && a->high == b->high));
}

TEST_CASE("rate intervals equal SciPy's") {
  for (const golden::RateCase& g : golden::kRateCases) {
    CAPTURE(g.events);
    CAPTURE(g.count);
    const Interval interval = rate_interval(g.events, g.count, g.level).value();
    CHECK(interval.low == Approx(g.low).epsilon(1e-9));
    CHECK(interval.high == Approx(g.high).epsilon(1e-9));
  }
  CHECK_FALSE(rate_interval(0, 0).has_value());
  CHECK_THROWS_AS(rate_interval(1, 2, 1.0), Error);
}

TEST_CASE("the AUROC interval covers the truth about as often as it says") {
  const double truth = 0.5 * std::erfc(-0.5);
  int covered = 0;
  constexpr int kRepeats = 300;
  for (int i = 0; i < kRepeats; ++i) {
    const Sample s = normal_sample(std::uint64_t(i), 40, 40);
    const Interval interval = image_intervals(s.labelled(), 0, {.resamples = 300}).auroc.value();
    covered += interval.low <= truth && truth <= interval.high;
  }
  CHECK(covered > 0.90 * kRepeats);
  CHECK(covered < 0.99 * kRepeats);
}

TEST_CASE("the width of the AUROC interval is the standard error that theory gives") {
  const Sample s = normal_sample(1, 200, 200);
  const double a = auroc(s.labelled()).value();
  const ImageIntervals intervals = image_intervals(s.labelled(), 1);
  // Hanley and McNeil, Radiology 143, 1982, equation 1.
  const double q1 = a / (2 - a), q2 = 2 * a * a / (1 + a);
  const double variance = (a * (1 - a) + 199 * (q1 - a * a) + 199 * (q2 - a * a)) / (200.0 * 200.0);
  const double half_width = 1.96 * std::sqrt(variance);
  CHECK(std::abs((a - intervals.auroc->low) / half_width - 1) < 0.12);
  CHECK(std::abs((intervals.auroc->high - a) / half_width - 1) < 0.12);
  const double ap = average_precision(s.labelled()).value();
  CHECK(intervals.average_precision->low < ap);
  CHECK(intervals.average_precision->high > ap);
}

TEST_CASE("one seed gives the same bits for any number of threads, another seed does not") {
  const Sample s = normal_sample(5, 33, 21);
  const int before = omp_get_max_threads();
  omp_set_num_threads(1);
  const ImageIntervals one = image_intervals(s.labelled(), 1);
  omp_set_num_threads(4);
  const ImageIntervals four = image_intervals(s.labelled(), 1);
  omp_set_num_threads(before);
  CHECK(same(one.auroc, four.auroc));
  CHECK(same(one.average_precision, four.average_precision));
  CHECK_FALSE(same(one.auroc, image_intervals(s.labelled(), 1, {.seed = 2}).auroc));
}

TEST_CASE("complete separation is not certainty") {
  const std::vector<float> scores = {1, 2, 3, 4, 5, 6, 7, 8};
  const std::vector<std::uint8_t> defect = {0, 0, 0, 0, 0, 1, 1, 1};
  const ImageIntervals intervals = image_intervals({scores, defect}, 5.5f);
  CHECK(intervals.auroc->low == Approx(std::cbrt(0.025)));
  CHECK(intervals.auroc->high == 1.0);
  CHECK_FALSE(intervals.average_precision.has_value());
  CHECK(intervals.escape_rate->high == Approx(1 - std::cbrt(0.025)));
  CHECK(intervals.false_reject_rate->low == 0.0);
  CHECK(intervals.false_reject_rate->high == Approx(1 - std::pow(0.025, 0.2)));
}

TEST_CASE("one class has only the interval of its own rate") {
  const std::vector<float> scores = {1, 2};
  const std::vector<std::uint8_t> good = {0, 0};
  const ImageIntervals intervals = image_intervals({scores, good}, 1);
  CHECK_FALSE(intervals.auroc.has_value());
  CHECK_FALSE(intervals.average_precision.has_value());
  CHECK_FALSE(intervals.escape_rate.has_value());
  CHECK(intervals.false_reject_rate.has_value());
}

// Maps whose defect, a square, is brighter by a contrast that differs from image to image.
PixelMetrics square_maps(int images) {
  const Philox random{4};
  PixelMetrics pixels;
  for (int k = 0; k < images; ++k) {
    std::vector<float> map(256);
    std::vector<std::uint8_t> mask(256, 0);
    const float contrast = 2 * uniform(random.words(999, std::uint64_t(k))[0]);
    for (std::size_t i = 0; i < 256; ++i) {
      const auto words = random.words(std::uint64_t(k), i);
      mask[i] = k % 2 && i / 16 >= 4 && i / 16 < 8 && i % 16 >= 4 && i % 16 < 8;
      map[i] = normal(words[0], words[1]) + (mask[i] ? contrast : 0);
    }
    pixels.add(map, mask, 16, 16);
  }
  return pixels;
}

TEST_CASE("pixel intervals hold the value and narrow with more images") {
  const PixelMetrics few = square_maps(10), many = square_maps(90);
  const Bootstrap options{.resamples = 400};
  const PixelIntervals wide = pixel_intervals(few, 0.3, options);
  const PixelIntervals narrow = pixel_intervals(many, 0.3, options);
  for (const auto& [intervals, pixels] : {std::pair{wide, &few}, {narrow, &many}}) {
    CHECK(intervals.auroc->low < pixels->auroc().value());
    CHECK(intervals.auroc->high > pixels->auroc().value());
    CHECK(intervals.aupro->low < pixels->aupro().value());
    CHECK(intervals.aupro->high > pixels->aupro().value());
  }
  CHECK(narrow.auroc->high - narrow.auroc->low < 0.7 * (wide.auroc->high - wide.auroc->low));
  CHECK(narrow.aupro->high - narrow.aupro->low < 0.7 * (wide.aupro->high - wide.aupro->low));
}

TEST_CASE("pixel intervals are undefined where one image has all the defects, or none has") {
  CHECK_FALSE(pixel_intervals(square_maps(2)).auroc.has_value());
  CHECK_FALSE(pixel_intervals(square_maps(1)).aupro.has_value());
  CHECK_FALSE(pixel_intervals(PixelMetrics()).auroc.has_value());
}

}  // namespace
}  // namespace dagan
