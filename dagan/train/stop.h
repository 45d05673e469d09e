// Asking a training run to end: from a signal handler, a test, or another thread.
#pragma once
#include <exception>

namespace dagan {

// Async-signal-safe; the first signal counts. The run finishes its step, saves a checkpoint and
// throws Interrupted.
void request_stop(int signal);
int stop_requested();  // the signal, or 0
void clear_stop();

class Interrupted : public std::exception {
 public:
  explicit Interrupted(int signal) : signal_(signal) {}
  int signal() const { return signal_; }  // the exit code is 128 + signal
  const char* what() const noexcept override { return "interrupted after saving"; }

 private:
  int signal_;
};

}  // namespace dagan
