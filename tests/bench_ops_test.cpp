// dagan bench: that it compares, and what it prints. Nothing here depends on the clock.
#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tests/cli_workshop.h"

#ifdef DAGAN_BENCH_DIR
#include "bench/ops_text.h"
#include "core/check.h"
#include "kernels/backend.h"
#include "kernels/kernels.h"

namespace dagan::testing {
namespace {

using bench::OpsRequest;

constexpr const char* kTiny = "--size 32 --width 1 --batch 1 --channels 1 --seconds 1e-6 --quiet ";

bench::OpsReport measure(const OpsRequest& request) {
  return bench::measure_ops(request, [](const std::string&) {});
}

TEST_CASE("bench: a wrong kernel is named, and only it") {
  Kernels kernels = *cpu_backend().kernels;
  kernels.tanh = [](const Launch& launch, View x, View y) {
    cpu_backend().kernels->tanh(launch, x, y);
    y.as<float>()[y.shape.size() - 1] += 0.01f;
  };
  const Backend wrong = {"cpu", cpu_backend().runtime, &kernels};
  const OpsRequest request = {.backend = &wrong,
                              .ops = {"activation"},
                              .impl = "table",
                              .model = {.batch = 1, .size = 32, .channels = 1, .width = 1},
                              .verify = true,
                              .timed = false};
  int failures = 0;
  for (const bench::OpResult& result : measure(request).results) {
    const bool planted = result.problem.starts_with("tanh (");
    CHECK_MESSAGE(result.failure.empty() != planted, result.problem, ": ", result.failure);
    if (planted) CHECK(result.error > 0.009);
    failures += planted;
  }
  CHECK(failures == 1);
}

TEST_CASE("bench: every version of the convolution, right, in every format") {
  const Workshop& in = workshop();
  const std::string words = std::string("bench --op conv2d --impl all --verify ") + kTiny;
  const Outcome outcome = in.run(words + "-o json");
  REQUIRE_MESSAGE(outcome.code == 0, outcome.err);
  const auto report = nlohmann::json::parse(outcome.out);
  std::vector<std::string> versions;  // of the passes that every version has
  for (const auto& row : report.at("results")) {
    if (!row.at("problem").get<std::string>().starts_with("conv2d_packed"))
      versions.push_back(row.at("version"));
    CHECK(row.at("failure") == "");
    CHECK(row.at("error").get<double>() < 1e-5);
    for (const char* name : {"seconds", "speedup", "gflop_s", "gb_s", "limit_percent"})
      CHECK(row.at(name).get<double>() > 0);
    if (row.at("version") == "by_shape") CHECK(row.at("speedup") == 1.0);
  }
  CHECK(std::count(versions.begin(), versions.end(), "definition") ==
        std::count(versions.begin(), versions.end(), "implicit_gemm"));

  in.folder.put("before.json", std::string_view(outcome.out));
  const Outcome csv = in.run(words + "--compare before.json -o csv");
  CHECK(csv.code == 0);
  CHECK(csv.out.starts_with("op,problem,version,in_table,result,error,seconds,"));
  CHECK(std::count(csv.out.begin(), csv.out.end(), '\n') == int(report.at("results").size()) + 1);
  CHECK(csv.out.find(",\n") == std::string::npos);  // the last column: the ratio of the times
  const Outcome table = in.run(words + "-o md --compare before.json");
  CHECK_CONTAINS(table.out, "| x earlier |\n| --- | --- | --- | ---: |");
  CHECK_CONTAINS(table.out, "| by_shape * | ok |");
}

TEST_CASE("bench: the emulator's kernels are checked, not timed") {
  const Outcome outcome =
      workshop().run(std::string("bench --device emulated --op batch_norm --impl all ") + kTiny);
  CHECK_MESSAGE(outcome.code == 0, outcome.err);
  CHECK_CONTAINS(outcome.out, "thread_per_channel");
  CHECK_CONTAINS(outcome.out, "two_launches *");
  CHECK(outcome.out.find("WRONG") == std::string::npos);
}

TEST_CASE("bench: what it does not know is refused with what there is") {
  const Workshop& in = workshop();
  const Outcome op = in.run("bench --op pooling");
  CHECK(op.code == 2);
  CHECK_CONTAINS(op.err, "expected one of conv2d, batch_norm");
  const Outcome version = in.run("bench --op conv2d --impl fastest");
  CHECK(version.code == 2);
  CHECK_CONTAINS(version.err, "expected one of table, all, definition, implicit_gemm");
  for (const char* wrong : {"--size 0", "--size 8", "--size 48", "--seconds -1", "--seconds inf"})
    CHECK(in.run(std::string("bench --op loss ") + wrong).code == 2);
  in.folder.put("other.json", std::string_view("{\"results\": [{}]}"));
  const Outcome file = in.run("bench --compare other.json");
  CHECK(file.code == 3);
  CHECK_CONTAINS(file.err, "other.json: no report of dagan bench");
  CHECK(in.run("bench --compare nothing.json").code == 3);
}

TEST_CASE("bench: training runs on the version that is asked for") {
  const Workshop& in = workshop();
  const std::string train = "train --data set --recipe tiny --steps 2 --quiet --device emulated ";
  const Outcome naive = in.run(train + "--out naive --kernel conv2d=naive");
  CHECK_MESSAGE(naive.code == 0, naive.err);
  const Outcome unknown = in.run(train + "--out unknown --kernel conv2d=fastest");
  CHECK(unknown.code == 2);
  CHECK_CONTAINS(unknown.err, "conv2d=naive, conv2d=tiled");
  const Outcome type = in.run(train + "--out type --kernel conv2d=implicit_gemm_mma");
  CHECK(type.code == 2);
  CHECK_CONTAINS(type.err, "train.precision");
  CHECK(!fs::exists(in.folder / "type"));
  const Outcome twice = in.run(train + "--out twice --kernel conv2d=naive --kernel conv2d=tiled");
  CHECK(twice.code == 2);
  CHECK_CONTAINS(twice.err, "has been chosen already");
}

}  // namespace
}  // namespace dagan::testing
#endif
