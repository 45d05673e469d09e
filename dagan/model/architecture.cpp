#include "dagan/model/architecture.h"

#include "core/check.h"

namespace dagan {

void check_architecture(const Architecture& a) {
  check(Fault::usage, a.levels >= 2 && a.levels <= 10, "model.levels is ", a.levels,
        ": a network has 2 to 10 levels");
  check(Fault::usage, a.width >= 1 && a.width <= 1024, "model.width is ", a.width,
        ": a network is 1 to 1024 channels wide");
  const std::int64_t factor = std::int64_t(1) << a.levels;
  check(Fault::usage, a.size >= factor && a.size % factor == 0, "data.size is ", a.size,
        ": each of the ", a.levels, " levels halves the image, so it must be a multiple of ",
        factor, "; choose another size or another model.levels");
}

}  // namespace dagan
