#include "dagan/detect/pixel_metrics.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "core/check.h"
#include "dagan/detect/metrics.h"
#include "dagan/detect/regions.h"

namespace dagan {
namespace {

constexpr int kFineBits = 20;    // sign, 8 exponent and 11 mantissa bits
constexpr int kCoarseBits = 16;  // sign, 8 exponent and 7 mantissa bits

// A float's bits, rearranged so that they rise as the value does. Adding 0 turns -0 into +0.
std::uint32_t ordered_bits(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value + 0.0f);
  return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

}  // namespace

PixelMetrics::PixelMetrics() : counts_(std::size_t(1) << kFineBits) {}

void PixelMetrics::add(std::span<const float> map, std::span<const std::uint8_t> mask,
                       std::int64_t height, std::int64_t width) {
  check(std::int64_t(map.size()) == height * width, "[PixelMetrics] ", map.size(),
        " values for a map of ", height, " x ", width);
  check(mask.empty() || mask.size() == map.size(), "[PixelMetrics] the map has ", map.size(),
        " pixels, the mask ", mask.size());
  const bool all_numbers =
      std::none_of(map.begin(), map.end(), [](float v) { return std::isnan(v); });
  check(Fault::model, all_numbers, "the map of image ", images(),
        " holds values that are not numbers: the model's weights are unusable, train again");
  Regions found;
  if (!mask.empty()) found = find_regions(mask, {}, height, width);

  std::vector<Count> coarse(std::size_t(1) << kCoarseBits);
  for (std::size_t i = 0; i < map.size(); ++i) {
    const std::uint32_t bits = ordered_bits(map[i]);
    Count& fine_bin = counts_[bits >> (32 - kFineBits)];
    Count& coarse_bin = coarse[bits >> (32 - kCoarseBits)];
    const std::int32_t label = mask.empty() ? 0 : found.labels[i];
    if (label) {
      const double weight = 1 / double(found.list[label - 1].area);
      fine_bin.defect += 1, coarse_bin.defect += 1;
      fine_bin.overlap += weight, coarse_bin.overlap += weight;
    } else {
      fine_bin.good += 1, coarse_bin.good += 1;
    }
  }
  ImageBins image{.bins = {}, .regions = std::int64_t(found.list.size())};
  for (std::uint32_t key = 0; key < coarse.size(); ++key) {
    const Count& bin = coarse[key];
    if (bin.good + bin.defect == 0) continue;
    image.bins.push_back({key, float(bin.good), float(bin.defect), float(bin.overlap)});
  }
  regions_ += image.regions;
  images_.push_back(std::move(image));
}

std::optional<double> PixelMetrics::auroc() const {
  std::vector<Group> groups;
  for (auto bin = counts_.rbegin(); bin != counts_.rend(); ++bin) {
    if (bin->good + bin->defect > 0) groups.push_back({.good = bin->good, .defect = bin->defect});
  }
  return dagan::auroc(std::span<const Group>(groups));
}

double PixelMetrics::auroc_error() const {
  double good = 0, defect = 0, undecided = 0;
  for (const Count& bin : counts_) {
    good += bin.good;
    defect += bin.defect;
    undecided += bin.good * bin.defect;
  }
  return undecided > 0 ? undecided / (2 * good * defect) : 0;
}

std::optional<double> PixelMetrics::aupro(double false_positive_limit) const {
  std::vector<double> good, overlap;
  for (auto bin = counts_.rbegin(); bin != counts_.rend(); ++bin) {
    if (bin->good + bin->defect == 0) continue;
    good.push_back(bin->good);
    overlap.push_back(bin->overlap);
  }
  return dagan::aupro(good, overlap, false_positive_limit);
}

std::optional<double> aupro(std::span<const double> good, std::span<const double> overlap,
                            double false_positive_limit) {
  check(good.size() == overlap.size(), "[aupro] ", good.size(), " groups of good pixels, ",
        overlap.size(), " of overlap");
  check(Fault::usage, false_positive_limit > 0 && false_positive_limit <= 1,
        "the false positive limit of AUPRO is ", false_positive_limit,
        ", it must be above 0 and at most 1");
  const double all_good = std::accumulate(good.begin(), good.end(), 0.0);
  const double regions = std::accumulate(overlap.begin(), overlap.end(), 0.0);
  if (all_good == 0 || regions == 0) return std::nullopt;
  const double limit = false_positive_limit * all_good;
  double area = 0, x = 0, y = 0;
  for (std::size_t i = 0; i < good.size() && x < limit; ++i) {
    const double share = good[i] > 0 ? std::min(1.0, (limit - x) / good[i]) : 1;
    area += share * good[i] * (y + share * overlap[i] / 2);
    x += good[i];
    y += overlap[i];
  }
  return area / (limit * regions);
}

}  // namespace dagan
