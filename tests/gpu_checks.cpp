#include "tests/gpu_checks.h"

#include <algorithm>

#include "core/check.h"
#include "kernels/emulator/race_check.h"
#include "kernels/emulator/schedule.h"

namespace dagan::cases {
namespace {

// Sets what this thread's launches follow, for as long as it lives.
class Following {
 public:
  explicit Following(const emulator::Schedule& schedule) { emulator::schedule() = schedule; }
  ~Following() { emulator::schedule() = {}; }
};

}  // namespace

std::string check_schedules(const OpCase& op, const Kernels& emulated, int count) {
#if defined(__SANITIZE_ADDRESS__)
  count = std::min(count, 4);  // it looks for other mistakes, which need no order of their own
#endif
  BoundCase reference(op, emulated);
  reference.run();
  const auto expected = reference.outputs();
  for (const emulator::Schedule& schedule : emulator::schedules(count)) {
    const Following following(schedule);
    BoundCase bound(op, emulated);
    bound.run();
    if (bound.outputs() != expected) {
      return text("[", op.name, "] other bits in the schedule ", emulator::to_string(schedule));
    }
    const std::string failure = bound.compare();
    if (!failure.empty()) return text(failure, " in the schedule ", emulator::to_string(schedule));
  }
  return {};
}

std::string check_races(const OpCase& op, const Kernels& checked) {
  using emulator::Copies, emulator::Order;
  for (const Order order : {Order::sequential, Order::random}) {
    for (const Copies copies : {Copies::late, Copies::early}) {
      const Following following({order, copies});
      emulator::RaceCheck races;
      BoundCase bound(op, checked);
      const emulator::Watch watch(races);
      bound.run();
      if (races.accesses() == 0) return text("[", op.name, "] no access was reported");
      if (races.count() > 0) {
        return text("[", op.name, "] ", races.first(), " in the schedule ",
                    to_string(emulator::schedule()));
      }
    }
  }
  return {};
}

emulator::AccessTotals count_accesses(const OpCase& op, const Kernels& checked) {
  emulator::AccessCounters counters;
  BoundCase bound(op, checked);
  const emulator::Watch watch(counters);
  bound.run();
  return counters.totals();
}

}  // namespace dagan::cases
