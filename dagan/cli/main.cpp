#include <unistd.h>

#include <cstdlib>

#include "dagan/cli/program.h"

namespace {

// OpenMP's waiting threads spin by default. On a machine that does anything else, that makes
// training many times slower: they hold the processor that the working thread waits for. The
// library reads the setting while it is loaded, so the program has to start itself again to change
// it.
void restart_with_waiting_threads(char** argv) {
  if (std::getenv("OMP_WAIT_POLICY") != nullptr) return;
  setenv("OMP_WAIT_POLICY", "passive", 1);
  execv("/proc/self/exe", argv);  // returns only where that is not possible: then they spin
}

}  // namespace

int main(int argc, char** argv) {
  restart_with_waiting_threads(argv);
  return dagan::run_program(argc, argv);
}
