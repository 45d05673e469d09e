#include "bench/op_times.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <ostream>

#include "bench/ceilings.h"
#include "bench/watched.h"
#include "core/check.h"

namespace dagan::bench {
namespace {

double seconds_of(const Runtime& runtime, int runs, const std::function<void()>& run) {
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < runs; ++i) run();
  runtime.synchronise();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// As a part of a recording, as a step is, so that the host's launches do not count; nor does what
// starting and waiting cost, which one replay more does not change.
double seconds_on_device(const Runtime& runtime, const std::function<void()>& run) {
  constexpr int kTimes = 20, kMore = 4;
  const auto launches = [](const void* one) {
    for (int i = 0; i < kTimes; ++i) (*static_cast<const std::function<void()>*>(one))();
  };
  void* graph = nullptr;
  const auto replay = [&] { runtime.repeat(&graph, launches, &run); };
  replay();
  replay();
  runtime.synchronise();
  const double once = seconds_of(runtime, 1, replay);
  const double seconds = (seconds_of(runtime, 1 + kMore, replay) - once) / (kMore * kTimes);
  runtime.forget(graph);
  return std::max(0.0, seconds);
}

}  // namespace

OpTimes::OpTimes(const Backend& like)
    : like_(like),
      timed_(&watched_backend(
          like, [this](const Call& call, const std::function<void()>& run) { time(call, run); })) {}

void OpTimes::time(const Call& call, const std::function<void()>& run) {
  const double start = std::chrono::duration<double>(Clock::now() - begun_).count();
  const Runtime& runtime = like_.runtime;
  const double seconds =
      runtime.host_memory ? seconds_of(runtime, 1, run) : seconds_on_device(runtime, run);
  const std::string op = text(call.kernel, ' ', call.operands);
  const OpTime first = {.op = op, .flop = call.flop, .bytes = call.bytes, .bf16 = call.bf16};
  const auto at = times_.try_emplace(op, first).first;
  ++at->second.calls;
  at->second.seconds += seconds;
  if (events_.size() < kMostEvents) events_.push_back({&at->first, start, seconds});
}

std::vector<OpTime> OpTimes::take() {
  std::vector<OpTime> sorted;
  for (const auto& [op, time] : times_) sorted.push_back(time);
  events_.clear();
  times_.clear();
  std::sort(sorted.begin(), sorted.end(),
            [](const OpTime& a, const OpTime& b) { return a.seconds > b.seconds; });
  return sorted;
}

void OpTimes::print(double runs, std::ostream& out) {
  const std::vector<OpTime> sorted = take();
  double all = 0, so_far = 0;
  for (const OpTime& time : sorted) all += time.seconds;
  char line[120];
  std::snprintf(line, sizeof line, "%9s %6s %6s %5s %8s %8s %7s  op\n", "ms", "%", "sum %", "calls",
                "GFLOP/s", "GB/s", "limit %");
  out << line;
  for (const OpTime& time : sorted) {
    so_far += time.seconds;
    const double call = time.seconds / double(time.calls);
    const double least =
        least_seconds(like_, time.bf16 ? Arithmetic::bf16 : Arithmetic::f32, time.flop, time.bytes);
    std::snprintf(line, sizeof line, "%9.4f %6.1f %6.1f %5.0f %8.1f %8.1f %7.1f  ",
                  1e3 * time.seconds / runs, 100 * time.seconds / all, 100 * so_far / all,
                  double(time.calls) / runs, time.flop / call / 1e9, time.bytes / call / 1e9,
                  100 * least / call);
    out << line << time.op << "\n";
  }
}

std::string OpTimes::trace() const {
  constexpr double kMicroseconds = 1e6;
  nlohmann::json events = nlohmann::json::array();
  for (const Event& event : events_) {
    const OpTime& time = times_.at(*event.op);
    events.push_back({{"name", event.op->substr(0, event.op->find(' '))},
                      {"ph", "X"},
                      {"ts", event.start * kMicroseconds},
                      {"dur", event.seconds * kMicroseconds},
                      {"pid", 1},
                      {"tid", 1},
                      {"args", {{"op", time.op}, {"flop", time.flop}, {"bytes", time.bytes}}}});
  }
  return nlohmann::json{{"traceEvents", std::move(events)}, {"displayTimeUnit", "ms"}}.dump();
}

}  // namespace dagan::bench
