#include <fcntl.h>
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

// Where one of the three standard descriptors is closed, the next file to be opened would get its
// number, and messages would go into that file. Each is opened so that writing to it still fails.
void keep_standard_descriptors() {
  for (int descriptor = 0; descriptor < 3; ++descriptor) {
    if (fcntl(descriptor, F_GETFD) < 0) open("/dev/null", O_RDONLY);
  }
}

}  // namespace

int main(int argc, char** argv) {
  keep_standard_descriptors();
  restart_with_waiting_threads(argv);
  return dagan::run_program(argc, argv);
}
