// What the timed programs share: the options of a network, repeated timing, the report.
#pragma once
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "core/view.h"
#include "dagan/model/architecture.h"

namespace dagan::bench {

struct Settings {
  Architecture architecture = {.width = 16};
  std::int64_t batch = 1;
  bool discriminator = true;  // --model unet: false
  std::int64_t steps = 11;    // timed ones, after the warm-up
  int threads = 0;            // that were used
  std::string device = "cpu";
  DType activations = DType::f32;
  bool json = false;
  bool ops = false;  // also say on standard error where the time goes
};

// Quantities in the order in which they are printed.
using Report = std::vector<std::pair<std::string, double>>;

struct Seconds {
  double median, least;
};

// Calls `run` a few times without and then `repeats` times with the clock.
Seconds time(std::int64_t repeats, const std::function<void()>& run);

// The largest resident memory of this process so far, in MiB.
double peak_memory_mb();

// `count` values uniform in [-1,1], the same at every call.
std::vector<float> random_images(std::int64_t count);

// A whole program: parses the options, sets the threads, prints what `measure` reports as a table
// or, with --json, as one object on standard output. Returns the exit code; an error is one line on
// standard error.
int run(int argc, char** argv, const std::string& description, Settings defaults,
        Report (*measure)(const Settings&));

}  // namespace dagan::bench
