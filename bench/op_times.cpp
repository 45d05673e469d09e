#include "bench/op_times.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "bench/watched.h"
#include "core/check.h"

namespace dagan::bench {
namespace {

std::map<std::string, OpTime>& times() {
  static std::map<std::string, OpTime> made;
  return made;
}

double seconds_of(const Runtime& runtime, int runs, const std::function<void()>& run) {
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < runs; ++i) run();
  runtime.synchronise();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Without what starting and waiting cost, which one run more does not change.
double seconds_on_device(const Runtime& runtime, const std::function<void()>& run) {
  constexpr int kMore = 20;
  runtime.synchronise();
  const double once = seconds_of(runtime, 1, run);
  return std::max(0.0, (seconds_of(runtime, 1 + kMore, run) - once) / kMore);
}

}  // namespace

const Backend& timed_backend(const Backend& like) {
  const Runtime runtime = like.runtime;
  return watched_backend(like, [runtime](const Call& call, const std::function<void()>& run) {
    const double seconds =
        runtime.host_memory ? seconds_of(runtime, 1, run) : seconds_on_device(runtime, run);
    const std::string op = text(call.kernel, ' ', call.operands);
    OpTime& time = times().try_emplace(op, OpTime{op}).first->second;
    ++time.calls;
    time.seconds += seconds;
  });
}

std::vector<OpTime> take_op_times() {
  std::vector<OpTime> sorted;
  for (auto& [op, time] : std::exchange(times(), {})) sorted.push_back(std::move(time));
  std::sort(sorted.begin(), sorted.end(),
            [](const OpTime& a, const OpTime& b) { return a.seconds > b.seconds; });
  return sorted;
}

void print_op_times(double runs, std::ostream& out) {
  const std::vector<OpTime> sorted = take_op_times();
  double all = 0, so_far = 0;
  for (const OpTime& time : sorted) all += time.seconds;
  char line[80];
  std::snprintf(line, sizeof line, "%9s %6s %6s %5s  op\n", "ms", "%", "sum %", "calls");
  out << line;
  for (const OpTime& time : sorted) {
    so_far += time.seconds;
    std::snprintf(line, sizeof line, "%9.4f %6.1f %6.1f %5.0f  ", 1e3 * time.seconds / runs,
                  100 * time.seconds / all, 100 * so_far / all, double(time.calls) / runs);
    out << line << time.op << "\n";
  }
}

}  // namespace dagan::bench
