#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdlib>

#include "kernels/backend.h"

// Only the tests themselves use a GPU, not the programs that they start, whose results are compared
// with the CPU's. The driver reads its environment once.
int main(int argc, char** argv) {
  dagan::has_cuda();
  setenv("CUDA_VISIBLE_DEVICES", "", 1);
  return doctest::Context(argc, argv).run();
}
