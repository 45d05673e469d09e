// Where the time of a program goes, op by op.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <map>
#include <string>
#include <vector>

#include "core/backend.h"

namespace dagan::bench {

struct Call;

struct OpTime {
  std::string op = {};  // the kernel and its operands, as in Call
  std::int64_t calls = 0;
  double seconds = 0;
  double flop = 0, bytes = 0;  // of a call
  bool bf16 = false;
};

// The times of all calls since it was made or asked; one at a time.
class OpTimes {
 public:
  explicit OpTimes(const Backend& like);

  // The same kernels, timed. On a device each runs many times, as a recording, so that launching it
  // and waiting for it do not count: what a program computes on it is wrong then.
  const Backend& backend() const { return *timed_; }

  std::vector<OpTime> take();  // the most expensive first; starts anew

  // The same as a table, per run of the program, with the share of what this machine can do at best
  // (bench/ceilings.h). An algorithm that multiplies less often than the definition may be above
  // it.
  void print(double runs, std::ostream&);

  // The first kMostEvents calls as JSON for chrome://tracing or ui.perfetto.dev.
  std::string trace() const;
  static constexpr std::size_t kMostEvents = 50000;

 private:
  using Clock = std::chrono::steady_clock;
  struct Event {
    const std::string* op;
    double start, seconds;
  };

  void time(const Call&, const std::function<void()>& run);

  const Backend& like_;
  const Backend* timed_;
  Clock::time_point begun_ = Clock::now();
  std::map<std::string, OpTime> times_;
  std::vector<Event> events_;
};

}  // namespace dagan::bench
