// How well scores separate good images from defective ones. Pure functions; nothing here chooses a
// threshold that is later deployed (threshold.h does, from good images alone).
//
// Scores grow with suspicion. Equal scores are one group: no result depends on the order in which
// they came. What a set cannot answer (a rate of no images, an AUROC of one class) is std::nullopt.
// Errors: sizes that differ (bug), a score that is not a number (model).
// cost: O(n log n)
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace dagan {

struct Labelled {
  std::span<const float> scores;
  std::span<const std::uint8_t> defect;  // 1 defective, 0 good, one for each score
};

// All images (or pixels) with one score, the highest score first.
struct Group {
  float score = 0;
  double good = 0, defect = 0;  // counts
};
std::vector<Group> group_by_score(Labelled images);

// P(a defect scores higher than a good one) + P(they score the same) / 2: the area under the ROC
// curve by trapezoids, and the Mann-Whitney statistic with average ranks.
std::optional<double> auroc(Labelled images);
std::optional<double> auroc(std::span<const Group> groups);

// Sum over groups of (recall gained) * (precision down to this group), no interpolation. Undefined
// without defects.
std::optional<double> average_precision(Labelled images);
std::optional<double> average_precision(std::span<const Group> groups);

// The best F1 of any threshold on these very labels: an oracle, an upper bound for the test set,
// and no threshold to deploy. Undefined without defects.
struct OracleF1 {
  double f1 = 0;
  float threshold = 0;  // images above it are rejected; the highest one where several are as good
};
std::optional<OracleF1> oracle_f1(Labelled images);

struct Confusion {
  std::int64_t good_accepted = 0, good_rejected = 0;      // the second is overkill
  std::int64_t defect_accepted = 0, defect_rejected = 0;  // the first are escapes

  std::int64_t good() const { return good_accepted + good_rejected; }
  std::int64_t defects() const { return defect_accepted + defect_rejected; }
  std::optional<double> false_reject_rate() const;
  std::optional<double> escape_rate() const;
};
Confusion confusion(Labelled images, float threshold);

// One type of defect against all good images; sorted by name.
struct TypeMetrics {
  std::string type;
  std::int64_t count = 0, escapes = 0;
  double escape_rate = 0;
  std::optional<double> auroc;
};
// types: one for each score; those of good images are not read.
std::vector<TypeMetrics> metrics_by_type(Labelled images, std::span<const std::string> types,
                                         float threshold);

}  // namespace dagan
