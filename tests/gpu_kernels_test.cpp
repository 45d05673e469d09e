// Every kernel of the GPU table, executed by the emulator.
#include <doctest/doctest.h>

#include "kernels/backend.h"
#include "tests/checked.h"
#include "tests/gpu_cases.h"
#include "tests/gpu_checks.h"

namespace dagan::cases {
namespace {

TEST_CASE("gpu: every kernel agrees with the reference in every layout") {
  for (const OpCase& op : gpu_cases()) CHECK(check_kernel(op, *emulated_backend().kernels) == "");
}

TEST_CASE("gpu: every kernel gives the same bits in 64 schedules") {
  for (const OpCase& op : gpu_cases()) {
    CHECK(check_schedules(op, *emulated_backend().kernels) == "");
  }
}

TEST_CASE("gpu: no kernel has a data race") {
  if (!checked_kernels()) {
    MESSAGE("skipped: a sanitizer takes the compiler's hooks that the race check needs");
    return;
  }
  for (const OpCase& op : gpu_cases()) CHECK(check_races(op, *checked_kernels()) == "");
}

}  // namespace
}  // namespace dagan::cases
