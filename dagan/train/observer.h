// What a training run tells whoever watches it. Every call comes from the thread that trains; none
// may throw.
#pragma once
#include <cstdint>
#include <string_view>

namespace dagan {

struct StepReport {
  std::int64_t step = 0;   // finished steps, 1 after the first
  std::int64_t steps = 0;  // that the run will have
  double discriminator_loss = 0, generator_loss = 0;
  double images_per_second = 0;  // 0: not known yet
  double seconds_left = -1;      // < 0: not known yet
};

// Ignores everything unless a function is overridden, so that `Observer quiet;` is a silent one.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void message(std::string_view) {
  }  // one line without its end: what was found, what was written
  virtual void warning(std::string_view) {}  // one line that the user should act on
  virtual void step(const StepReport&) {}    // after every step: the observer decides what to show
};

}  // namespace dagan
