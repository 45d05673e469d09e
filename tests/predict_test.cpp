// What the prediction of a GPU's time stands on: counts of some blocks stand for all.
#include <doctest/doctest.h>

#include <sstream>

#include "kernels/emulator/counters.h"
#include "tests/cases/arithmetic.h"
#include "tests/cases/conv2d.h"
#include "tests/checked.h"
#include "tests/cli_workshop.h"
#include "tests/gpu_checks.h"

namespace dagan::cases {
namespace {

emulator::AccessTotals count_some(const OpCase& op, std::int64_t blocks) {
  emulator::AccessCounters counters(blocks);
  BoundCase bound(op, *checked_kernels());
  const emulator::Watch watch(counters);
  bound.run();
  return counters.totals();
}

TEST_CASE("predict: counts of a few blocks are those of all where blocks are alike") {
  if (!checked_kernels()) return;
  for (const OpCase& op : {linear_case({4, 32, 32, 64}, {.alpha = 2}, false),
                           conv2d({{2, 1}, {4, 32, 32, 32}, 64, 4, 4}),
                           conv2d_filter_grad({{2, 1}, {4, 32, 32, 32}, 64, 4, 4})}) {
    CAPTURE(op.name);
    const auto all = count_accesses(op, *checked_kernels()), some = count_some(op, 4);
    CHECK(some.blocks == all.blocks);
    CHECK(all.blocks > 4);
    CHECK(double(some.global.sectors) == doctest::Approx(double(all.global.sectors)).epsilon(0.05));
    CHECK(double(some.shared.passes) == doctest::Approx(double(all.shared.passes)).epsilon(0.05));
  }
}

#ifdef DAGAN_BENCH_DIR
TEST_CASE("predict: one line for every op of a step, with what bounds it") {
  using namespace testing;
  if (!fs::exists(DAGAN_BENCH_DIR "/bench_predict")) return;
  const std::string tiny = " --size 16 --width 2 --levels 3 --batch 2 --threads 1";
  const Outcome csv = workshop().shell("'" DAGAN_BENCH_DIR "/bench_predict'" + tiny);
  REQUIRE_MESSAGE(csv.code == 0, csv.err);
  double sum = 0, step = 0;
  int ops = 0;
  std::istringstream lines(csv.out);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("predicted_step_us")) step = std::stod(line.substr(20));
    const std::size_t quote = line.rfind('"');
    if (quote == std::string::npos) continue;
    const std::string last = line.substr(0, line.rfind(','));
    sum += std::stod(last.substr(last.rfind(',') + 1));
    ++ops;
  }
  CHECK(ops > 30);
  CHECK(sum == doctest::Approx(step).epsilon(0.01));
  for (const char* op : {"\"conv2d (2,16,16,3)", "\"conv2d_filter_grad", "\"adam", "launch"})
    CHECK_CONTAINS(csv.out, op);
}
#endif

}  // namespace
}  // namespace dagan::cases
