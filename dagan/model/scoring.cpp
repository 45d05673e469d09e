#include "dagan/model/scoring.h"

#include "core/check.h"

namespace dagan {

void check_scoring(const Scoring& s) {
  check(Fault::usage, s.residual != Residual::both || s.standardise,
        "detect.residual = \"both\" needs detect.standardise = true: two networks' residuals can "
        "only be added when both are measured in their own spread");
}

}  // namespace dagan
