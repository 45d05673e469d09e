#include "bench/harness.h"

#include <omp.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "core/check.h"
#include "core/random.h"

namespace dagan::bench {
namespace {

constexpr int kWarmUp = 3;

// False when there is nothing left to do: help was asked for.
bool parse(int argc, char** argv, const std::string& description, Settings& s) {
  CLI::App app(description);
  app.option_defaults()->always_capture_default();
  std::string model = "dagan", precision = "f32";
  s.threads = omp_get_max_threads();
  app.add_option("--size", s.architecture.size, "pixels along an edge")->check(CLI::PositiveNumber);
  app.add_option("--channels", s.architecture.channels, "1 or 3")->check(CLI::IsMember({1, 3}));
  app.add_option("--levels", s.architecture.levels, "stride-2 convolutions")
      ->check(CLI::PositiveNumber);
  app.add_option("--width", s.architecture.width, "channels of the first level")
      ->check(CLI::PositiveNumber);
  app.add_option("--batch", s.batch, "images")->check(CLI::PositiveNumber);
  app.add_option("--threads", s.threads)->check(CLI::Range(1, 1024));
  app.add_option("--steps", s.steps, "how many are timed")->check(CLI::PositiveNumber);
  app.add_option("--device", s.device)->check(CLI::IsMember({"cpu", "cuda", "emulated"}));
  app.add_option("--precision", precision, "of the activations")
      ->check(CLI::IsMember({"f32", "bf16"}));
  app.add_option("--model", model)->check(CLI::IsMember({"dagan", "unet"}));
  app.add_flag("--json", s.json, "print one JSON object");
  app.add_flag("--ops", s.ops, "also print the time of each op, on standard error");
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::cout << app.help();
    return false;
  } catch (const CLI::ParseError& error) {
    fail(Fault::usage, error.what());
  }
  s.discriminator = model == "dagan";
  s.activations = precision == "f32" ? DType::f32 : DType::bf16;
  check_architecture(s.architecture);
  omp_set_num_threads(s.threads);
  return true;
}

void print(const Settings& s, const Report& report) {
  if (s.json) {
    nlohmann::ordered_json object = {{"size", s.architecture.size},
                                     {"width", s.architecture.width},
                                     {"batch", s.batch},
                                     {"channels", s.architecture.channels},
                                     {"levels", s.architecture.levels},
                                     {"device", s.device},
                                     {"precision", text(s.activations)},
                                     {"model", s.discriminator ? "dagan" : "unet"},
                                     {"threads", s.threads},
                                     {"steps", s.steps}};
    for (const auto& [name, value] : report) object[name] = value;
    std::cout << object.dump() << "\n";
  } else {
    for (const auto& [name, value] : report) std::printf("%-24s %12.5g\n", name.c_str(), value);
  }
  std::cout.flush();
  check(Fault::output, bool(std::cout) && std::fflush(stdout) == 0,
        "standard output cannot be written");
}

}  // namespace

Seconds time(std::int64_t repeats, const std::function<void()>& run) {
  for (int i = 0; i < kWarmUp; ++i) run();
  std::vector<double> seconds;
  for (std::int64_t i = 0; i < repeats; ++i) {
    const auto start = std::chrono::steady_clock::now();
    run();
    seconds.push_back(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  std::sort(seconds.begin(), seconds.end());
  const std::size_t half = seconds.size() / 2;
  const double median =
      seconds.size() % 2 != 0 ? seconds[half] : (seconds[half - 1] + seconds[half]) / 2;
  return {median, seconds.front()};
}

double peak_memory_mb() {
  // Not getrusage alone: its peak includes that of the process that started this one.
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    double kib;
    if (word == "VmHWM:" && status >> kib) return kib / 1024;
  }
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return double(usage.ru_maxrss) / 1024;
}

std::vector<float> random_images(std::int64_t count) {
  std::vector<float> values(std::size_t(count), 0);
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = 2 * uniform(Philox{1}.words(0, i)[0]) - 1;
  }
  return values;
}

int run(int argc, char** argv, const std::string& description, Settings settings,
        Report (*measure)(const Settings&)) {
  try {
    if (parse(argc, argv, description, settings)) print(settings, measure(settings));
    return 0;
  } catch (const Error& error) {
    std::cerr << "bench: " << error.what() << "\n";
    return int(error.fault());
  } catch (const std::bad_alloc&) {
    std::cerr << "bench: out of memory; use a smaller --batch, --width or --size\n";
    return int(Fault::device);
  }
}

}  // namespace dagan::bench
