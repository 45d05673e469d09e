// The benchmarks run on tiny networks and print what other people's scripts read. Nothing is timed.
#include <doctest/doctest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/data_files.h"

#ifdef DAGAN_BENCH_DIR
namespace dagan::testing {
namespace {

namespace fs = std::filesystem;

struct Printed {
  int code;
  std::string out, err;
};

std::string content(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

Printed bench(const std::string& words) {
  const TemporaryFolder folder;
  const fs::path out = folder / "out", err = folder / "err";
  const std::string line = "OMP_WAIT_POLICY=passive '" DAGAN_BENCH_DIR "/bench_" + words + " > '" +
                           out.string() + "' 2> '" + err.string() + "'";
  const int status = std::system(line.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, content(out), content(err)};
}

// The object that is all of standard output.
nlohmann::json object(const Printed& printed) {
  INFO(printed.out, printed.err);
  REQUIRE(printed.code == 0);
  return nlohmann::json::parse(printed.out);
}

void check_positive(const nlohmann::json& object, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    INFO(name);
    REQUIRE(object.contains(name));
    CHECK(object.at(name).get<double>() > 0);
  }
}

constexpr const char* kTiny = "' --size 16 --width 2 --levels 3 --threads 1 --steps 2 ";

}  // namespace

TEST_CASE("bench step prints one object with its times and its memory") {
  for (const std::string model : {"dagan", "unet"}) {
    const auto step = object(
        bench(std::string("step") + kTiny + "--batch 2 --channels 1 --json --model " + model));
    check_positive(step, {"step_s", "step_min_s", "gflop_s", "rss_mb", "arena_mb"});
    CHECK(step.at("step_min_s") <= step.at("step_s"));
    CHECK(2 * step.at("arena_mb").get<double>() <= step.at("arena_without_reuse_mb"));
    CHECK(step.at("model") == model);
  }
}

TEST_CASE("bench detect prints one object with its times") {
  const auto detect = object(bench(std::string("detect") + kTiny + "--batch 1 --json"));
  check_positive(detect, {"forward_ms", "forward_min_ms", "rss_mb"});
}

TEST_CASE("the benchmarks say what took the time, and refuse what they do not know") {
  const Printed ops = bench(std::string("step") + kTiny + "--batch 1 --ops");
  CHECK(ops.code == 0);
  CHECK(ops.out.find("step_s") != std::string::npos);
  CHECK(ops.err.find("conv2d_filter_grad (1,16,16,3)") != std::string::npos);
  const Printed unknown = bench("step' --sise 16");
  CHECK(unknown.code == 2);
  CHECK(unknown.out.empty());
  CHECK(unknown.err.find("--sise") != std::string::npos);
  CHECK(bench("detect' --size 17").code == 2);
}

TEST_CASE("bench kernels times every kernel of a model") {
  if (!fs::exists(DAGAN_BENCH_DIR "/bench_kernels")) {
    MESSAGE("bench_kernels is not built");
    return;
  }
  const auto kernels =
      object(bench("kernels' --size 32 --width 1 --batch 1 --threads 1 --benchmark_min_time=1e-6"
                   " --benchmark_format=json"));
  std::string names;
  for (const auto& entry : kernels.at("benchmarks")) {
    names += entry.at("name").get<std::string>() + "\n";
    INFO(names);
    CHECK(entry.at("GB/s").get<double>() > 0);
    CHECK(entry.at("limit_%").get<double>() >= 0);
  }
  for (const char* kernel :
       {"conv2d ", "conv2d_input_grad", "conv2d_filter_grad", "batch_norm_grad", "leaky_relu",
        "adam", "corrupt", "pooled_residual"}) {
    CHECK_MESSAGE(names.find(kernel) != std::string::npos, kernel);
  }
}

}  // namespace dagan::testing
#else
TEST_CASE("benchmarks") { MESSAGE("not built: configure with -DDAGAN_BENCH=ON"); }
#endif
