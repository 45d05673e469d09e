// What only real pictures can show. They are no part of the project: the tests look for sets in
// $DAGAN_REAL_DATA, else in ../shared/data beside the sources, and say so where there is none.
#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "tests/cli_workshop.h"

namespace dagan::testing {
namespace {

fs::path real_set(const char* name) {
  const char* const folder = std::getenv("DAGAN_REAL_DATA");
  return (folder ? fs::path(folder) : fs::path(DAGAN_SOURCE_DIR) / "../shared/data") / name;
}

// Image AUROC after a short training by the default recipe.
double image_auroc(const fs::path& set, const std::string& precision) {
  const std::string run = "real_" + precision;
  const Outcome trained =
      workshop().run("train -q --seed 0 --steps 60 --set train.precision=" + precision +
                     " --data '" + set.string() + "' --out " + run);
  REQUIRE_MESSAGE(trained.code == 0, trained.err);
  const Outcome measured = workshop().run("eval -q --format json " + run);
  REQUIRE_MESSAGE(measured.code == 0, measured.err);
  return nlohmann::json::parse(measured.out).at("image_auroc");
}

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

TEST_CASE("on a real set, bf16 is as good as f32") {
  if (kSanitized) {
    MESSAGE("skipped: two trainings take minutes under the sanitizers");
    return;
  }
  const fs::path set = real_set("wood_planks");
  if (!fs::is_directory(set)) {
    MESSAGE("skipped: there is no " << set.string() << "; DAGAN_REAL_DATA names another folder");
    return;
  }
  const double wide = image_auroc(set, "f32"), narrow = image_auroc(set, "bf16");
  CHECK(wide > 0.6);
  CHECK(std::fabs(wide - narrow) <= 0.01);
}

}  // namespace
}  // namespace dagan::testing
