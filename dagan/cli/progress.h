// The progress of a training run on standard error: one line that is rewritten on a terminal, a
// plain line now and then elsewhere.
#pragma once
#include <functional>
#include <iosfwd>
#include <string>

#include "dagan/train/observer.h"

namespace dagan {

struct ProgressOptions {
  bool terminal = false;
  bool quiet = false;             // warnings only
  std::size_t width = 80;         // columns of the terminal
  std::function<double()> clock;  // seconds; empty: the machine's steady clock
};

ProgressOptions progress_of_standard_error(bool quiet);

class Progress : public Observer {
 public:
  Progress(std::ostream& out, ProgressOptions options);
  ~Progress() override;

  void message(std::string_view line) override;
  void warning(std::string_view line) override;
  void step(const StepReport& report) override;

 private:
  void print(std::string_view line);

  std::ostream& out_;
  ProgressOptions options_;
  double last_ = -1e9;      // when a step was shown
  bool line_open_ = false;  // the terminal's cursor stands behind a step
};

// "  120/1200  D 0.0123  G 0.4567  812 images/s  1:02 left"
std::string step_text(const StepReport& report);

}  // namespace dagan
