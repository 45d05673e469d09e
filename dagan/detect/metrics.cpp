#include "dagan/detect/metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "core/check.h"
#include "dagan/detect/threshold.h"

namespace dagan {
namespace {

struct Totals {
  double good = 0, defect = 0;
};

Totals totals(std::span<const Group> groups) {
  Totals sum;
  for (const Group& group : groups) sum.good += group.good, sum.defect += group.defect;
  return sum;
}

void check_labelled(Labelled images) {
  check(images.scores.size() == images.defect.size(), "[metrics] ", images.scores.size(),
        " scores, but ", images.defect.size(), " labels");
  for (std::size_t i = 0; i < images.scores.size(); ++i) {
    check(Fault::model, !std::isnan(images.scores[i]), "score ", i,
          " is not a number: the model's weights are unusable, train again");
  }
}

std::optional<double> rate(std::int64_t part, std::int64_t whole) {
  if (whole == 0) return std::nullopt;
  return double(part) / double(whole);
}

}  // namespace

std::vector<Group> group_by_score(Labelled images) {
  check_labelled(images);
  std::vector<std::size_t> order(images.scores.size());
  std::iota(order.begin(), order.end(), std::size_t(0));
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return images.scores[a] > images.scores[b]; });
  std::vector<Group> groups;
  for (std::size_t i : order) {
    if (groups.empty() || groups.back().score != images.scores[i]) {
      groups.push_back({.score = images.scores[i]});
    }
    (images.defect[i] ? groups.back().defect : groups.back().good) += 1;
  }
  return groups;
}

std::optional<double> auroc(std::span<const Group> groups) {
  const Totals all = totals(groups);
  if (all.good == 0 || all.defect == 0) return std::nullopt;
  // Twice the number of pairs in the right order; whole numbers, so that equal data give equal
  // bits.
  double pairs = 0, good_above = 0;
  for (const Group& group : groups) {
    pairs += group.defect * (2 * (all.good - good_above) - group.good);
    good_above += group.good;
  }
  return pairs / (2 * all.good * all.defect);
}

std::optional<double> average_precision(std::span<const Group> groups) {
  const Totals all = totals(groups);
  if (all.defect == 0) return std::nullopt;
  double sum = 0, good = 0, defect = 0;
  for (const Group& group : groups) {
    good += group.good;
    defect += group.defect;
    if (group.defect > 0) sum += group.defect * defect / (defect + good);
  }
  return sum / all.defect;
}

std::optional<double> auroc(Labelled images) {
  return auroc(std::span<const Group>(group_by_score(images)));
}

std::optional<double> average_precision(Labelled images) {
  return average_precision(std::span<const Group>(group_by_score(images)));
}

std::optional<OracleF1> oracle_f1(Labelled images) {
  const std::vector<Group> groups = group_by_score(images);
  const Totals all = totals(groups);
  if (all.defect == 0) return std::nullopt;
  OracleF1 best{.f1 = -1};
  double good = 0, defect = 0;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    good += groups[i].good;
    defect += groups[i].defect;
    const double f1 = 2 * defect / (defect + good + all.defect);
    if (f1 <= best.f1) continue;
    const float below =
        i + 1 < groups.size()
            ? groups[i + 1].score
            : std::nextafter(groups[i].score, -std::numeric_limits<float>::infinity());
    best = {.f1 = f1, .threshold = below};
  }
  return best;
}

std::optional<double> Confusion::false_reject_rate() const { return rate(good_rejected, good()); }
std::optional<double> Confusion::escape_rate() const { return rate(defect_accepted, defects()); }

Confusion confusion(Labelled images, float threshold) {
  check_labelled(images);
  Confusion count;
  for (std::size_t i = 0; i < images.scores.size(); ++i) {
    const bool rejected = is_defective(images.scores[i], threshold);
    if (images.defect[i]) {
      ++(rejected ? count.defect_rejected : count.defect_accepted);
    } else {
      ++(rejected ? count.good_rejected : count.good_accepted);
    }
  }
  return count;
}

std::vector<TypeMetrics> metrics_by_type(Labelled images, std::span<const std::string> types,
                                         float threshold) {
  check_labelled(images);
  check(types.size() == images.scores.size(), "[metrics] ", images.scores.size(), " scores, but ",
        types.size(), " defect types");
  std::vector<float> good;
  std::map<std::string, std::vector<float>> defects;
  for (std::size_t i = 0; i < types.size(); ++i) {
    (images.defect[i] ? defects[types[i]] : good).push_back(images.scores[i]);
  }
  std::vector<TypeMetrics> result;
  for (const auto& [type, scores] : defects) {
    std::vector<float> both = good;
    both.insert(both.end(), scores.begin(), scores.end());
    std::vector<std::uint8_t> is_defect(both.size(), 0);
    std::fill(is_defect.begin() + std::int64_t(good.size()), is_defect.end(), 1);
    const Labelled one_type{both, is_defect};
    const Confusion count = confusion(one_type, threshold);
    result.push_back({.type = type,
                      .count = count.defects(),
                      .escapes = count.defect_accepted,
                      .escape_rate = *count.escape_rate(),
                      .auroc = auroc(one_type)});
  }
  return result;
}

}  // namespace dagan
