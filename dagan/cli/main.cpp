#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>

#include "dagan/cli/program.h"

namespace {

// OpenMP's waiting threads spin for long by default. On a machine that does anything else, that
// makes training many times slower: they hold the processor that the working thread waits for.
// Threads that sleep at once double the time of one image, whose kernels take less than waking up.
// So they spin for some microseconds, then sleep. OpenMP reads the settings in a constructor of its
// own, which runs after this one, since it is linked into the program (CMakeLists.txt); that of a
// shared library would have run before.
[[gnu::constructor(101)]] void let_waiting_threads_sleep_soon() {
  if (!getenv("OMP_WAIT_POLICY")) setenv("GOMP_SPINCOUNT", "1000", 0);
  setenv("OMP_WAIT_POLICY", "passive", 0);
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
  return dagan::run_program(argc, argv);
}
