// Adam on the GPU, executed by the emulator.
#include <doctest/doctest.h>

#include <limits>

#include "kernels/backend.h"
#include "tests/cases/adam.h"
#include "tests/gpu_checks.h"

namespace dagan::cases {
namespace {

constexpr std::int64_t kSizes[] = {1, 3, 4, 31, 33, 1023, 4097, 20001};
constexpr AdamHyper kAveraged{
    .beta1 = 0.9f, .beta2 = 0.99f, .epsilon = 1e-6f, .average_decay = 0.98f};

TEST_CASE("adam gpu: the bits of the CPU kernel, at any step") {
#if defined(__x86_64__)
  if (!__builtin_cpu_supports("fma")) return;  // the CPU kernel's multiply-adds round twice
#endif
  for (const std::int64_t size : kSizes)
    for (const double step : {0.0, 1.0, 6.0, 1000.0, 100000.0, 4294967295.0}) {
      const OpCase op = adam_case({size, kAveraged, step, true, true, true});
      CHECK(check_kernel(op, *emulated_backend().kernels) == "");
      BoundCase gpu(op, *emulated_backend().kernels), cpu(op, *cpu_backend().kernels);
      gpu.run();
      cpu.run();
      CHECK(gpu.outputs() == cpu.outputs());
    }
}

TEST_CASE("adam gpu: average and shadow may be missing, a bad gradient changes nothing") {
  const Kernels& kernels = *emulated_backend().kernels;
  for (const std::int64_t size : kSizes) {
    CHECK(check_kernel(adam_case({.size = size}), kernels) == "");
    CHECK(check_kernel(adam_case({.size = size, .shadowed = true}), kernels) == "");
    CHECK(check_kernel(adam_case({size, kAveraged, 3, true, false, true}), kernels) == "");
  }
}

TEST_CASE("adam gpu: all_finite finds one bad element anywhere, in every schedule") {
  for (const std::int64_t size : kSizes)
    for (const double bad :
         {1.0, std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity(),
          std::numeric_limits<double>::quiet_NaN()})
      for (const std::int64_t at : {std::int64_t(0), size / 2, size - 1}) {
        OpCase op = all_finite_case(size);
        op.prepare = [=](const Arrays<double>& in) { in[0][at] = bad; };
        CHECK(check_kernel(op, *emulated_backend().kernels) == "");
        if (size == 1023) CHECK(check_schedules(op, *emulated_backend().kernels, 4) == "");
      }
}

}  // namespace
}  // namespace dagan::cases
