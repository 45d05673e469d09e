#include "tests/gpu_checks.h"

#include "core/check.h"
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

}  // namespace dagan::cases
