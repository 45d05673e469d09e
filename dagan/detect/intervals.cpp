#include "dagan/detect/intervals.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "core/check.h"
#include "core/random.h"
#include "kernels/parallel.h"

namespace dagan {
namespace {

constexpr double kMaxBinsAdded = 2e10;

// Numbers in [0, count), `draws` of them, for one resample and one class.
template <class F>
void draw(const Philox& random, std::uint64_t stream, std::size_t draws, std::size_t count, F&& f) {
  for (std::size_t i = 0; i < draws; i += 4) {
    const auto words = random.words(stream, i / 4);
    for (std::size_t j = i; j < std::min(i + 4, draws); ++j) {
      f(below(std::uint32_t(count), words[j - i]));
    }
  }
}

void check_options(const Bootstrap& options) {
  check(Fault::usage, options.resamples >= 1, "the bootstrap needs at least one resample, not ",
        options.resamples);
  check(Fault::usage, options.level > 0 && options.level < 1, "the level of an interval is ",
        options.level, ", it must lie between 0 and 1 (0.95 is 95 %)");
}

// The quantile with linear interpolation between order statistics.
double quantile(const std::vector<double>& sorted, double q) {
  const double position = q * double(sorted.size() - 1);
  const auto lower = std::size_t(position);
  const std::size_t upper = std::min(lower + 1, sorted.size() - 1);
  return std::lerp(sorted[lower], sorted[upper], position - double(lower));
}

Interval percentiles(std::vector<double> values, double level) {
  std::sort(values.begin(), values.end());
  return {quantile(values, (1 - level) / 2), quantile(values, (1 + level) / 2)};
}

// P(X >= events) for X ~ Binomial(count, p), 0 < p < 1.
double upper_tail(std::int64_t events, std::int64_t count, double p) {
  const double odds = p / (1 - p);
  const auto n = double(count), k = double(events);
  double term = std::exp(std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1) +
                         k * std::log(p) + (n - k) * std::log1p(-p));
  double sum = 0;
  for (std::int64_t i = events; i <= count; ++i) {
    sum += term;
    term *= odds * double(count - i) / double(i + 1);
  }
  return sum;
}

// The p for which `events` or more have probability `tail`.
double lower_limit(std::int64_t events, std::int64_t count, double tail) {
  if (events == 0) return 0;
  double low = 0, high = 1;
  for (int step = 0; step < 60; ++step) {
    const double middle = (low + high) / 2;
    (upper_tail(events, count, middle) < tail ? low : high) = middle;
  }
  return low;
}

struct Resamples {
  std::vector<double> first, second;  // of two metrics, one value for each resample
};

Resamples resample_images(const std::vector<Group>& groups, const Bootstrap& options) {
  std::vector<std::uint32_t> good, defect;  // the group of each image
  for (std::size_t g = 0; g < groups.size(); ++g) {
    good.insert(good.end(), std::size_t(groups[g].good), std::uint32_t(g));
    defect.insert(defect.end(), std::size_t(groups[g].defect), std::uint32_t(g));
  }
  const Philox random{options.seed};
  Resamples result{std::vector<double>(std::size_t(options.resamples)),
                   std::vector<double>(std::size_t(options.resamples))};
  parallel_for(options.resamples, [&](std::int64_t i) {
    std::vector<Group> sample(groups.size());
    draw(random, std::uint64_t(2 * i), good.size(), good.size(),
         [&](std::uint32_t image) { sample[good[image]].good += 1; });
    draw(random, std::uint64_t(2 * i + 1), defect.size(), defect.size(),
         [&](std::uint32_t image) { sample[defect[image]].defect += 1; });
    result.first[std::size_t(i)] = auroc(std::span<const Group>(sample)).value();
    result.second[std::size_t(i)] = average_precision(std::span<const Group>(sample)).value();
  });
  return result;
}

// Bins of one image with their places among the bins that any image uses, the highest value first.
struct PlacedBin {
  std::uint32_t place;
  PixelMetrics::Bin bin;
};
struct PlacedImages {
  std::vector<std::vector<PlacedBin>> with_regions, without;
  std::size_t places = 0, bins = 0;
};

PlacedImages place_bins(const PixelMetrics& metrics) {
  std::map<std::uint32_t, std::uint32_t, std::greater<>> place;
  for (const auto& image : metrics.image_bins()) {
    for (const auto& bin : image.bins) place[bin.key] = 0;
  }
  std::uint32_t next = 0;
  for (auto& [key, number] : place) number = next++;
  PlacedImages result{.with_regions = {}, .without = {}, .places = place.size()};
  for (const auto& image : metrics.image_bins()) {
    auto& placed = (image.regions > 0 ? result.with_regions : result.without).emplace_back();
    for (const auto& bin : image.bins) placed.push_back({place[bin.key], bin});
    result.bins += placed.size();
  }
  return result;
}

Resamples resample_pixels(const PlacedImages& images, double limit, const Bootstrap& options) {
  const Philox random{options.seed};
  Resamples result{std::vector<double>(std::size_t(options.resamples)),
                   std::vector<double>(std::size_t(options.resamples))};
  parallel_for(options.resamples, [&](std::int64_t i) {
    std::vector<Group> sample(images.places);
    std::vector<double> good(images.places), overlap(images.places);
    std::uint64_t stream = std::uint64_t(2 * i);
    for (const auto* stratum : {&images.without, &images.with_regions}) {
      std::vector<int> times(stratum->size());
      draw(random, stream++, times.size(), times.size(), [&](std::uint32_t k) { ++times[k]; });
      for (std::size_t k = 0; k < times.size(); ++k) {
        if (times[k] == 0) continue;
        for (const auto& [place, bin] : (*stratum)[k]) {
          sample[place].good += times[k] * double(bin.good);
          sample[place].defect += times[k] * double(bin.defect);
          overlap[place] += times[k] * double(bin.overlap);
        }
      }
    }
    std::transform(sample.begin(), sample.end(), good.begin(),
                   [](const Group& g) { return g.good; });
    result.first[std::size_t(i)] = auroc(std::span<const Group>(sample)).value_or(0);
    result.second[std::size_t(i)] = aupro(good, overlap, limit).value_or(0);
  });
  return result;
}

}  // namespace

std::optional<Interval> rate_interval(std::int64_t events, std::int64_t count, double level) {
  check_options({.level = level});
  check(events >= 0 && events <= count, "[rate_interval] ", events, " events of ", count);
  if (count == 0) return std::nullopt;
  const double tail = (1 - level) / 2;
  return Interval{lower_limit(events, count, tail), 1 - lower_limit(count - events, count, tail)};
}

ImageIntervals image_intervals(Labelled images, float threshold, Bootstrap options) {
  check_options(options);
  const std::vector<Group> groups = group_by_score(images);
  const Confusion count = confusion(images, threshold);
  ImageIntervals result;
  result.false_reject_rate = rate_interval(count.good_rejected, count.good(), options.level);
  result.escape_rate = rate_interval(count.defect_accepted, count.defects(), options.level);
  const auto area = auroc(std::span<const Group>(groups));
  if (!area) return result;
  if (*area == 0 || *area == 1) {
    const std::int64_t pairs = std::min(count.good(), count.defects());
    result.auroc = rate_interval(*area == 1 ? pairs : 0, pairs, options.level);
    return result;
  }
  const Resamples values = resample_images(groups, options);
  result.auroc = percentiles(values.first, options.level);
  result.average_precision = percentiles(values.second, options.level);
  return result;
}

PixelIntervals pixel_intervals(const PixelMetrics& metrics, double false_positive_limit,
                               Bootstrap options) {
  check_options(options);
  if (!metrics.auroc()) return {};
  const PlacedImages images = place_bins(metrics);
  const double work = double(images.bins + images.places) * options.resamples;
  if (images.with_regions.size() < 2 || work > kMaxBinsAdded) return {};
  const Resamples values = resample_pixels(images, false_positive_limit, options);
  return {percentiles(values.first, options.level), percentiles(values.second, options.level)};
}

}  // namespace dagan
