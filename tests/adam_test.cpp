#include "tests/cases/adam.h"

#include <doctest/doctest.h>

#include <limits>
#include <vector>

#include "core/random.h"
#include "kernels/backend.h"

namespace dagan::cases {
namespace {

constexpr std::int64_t kSizes[] = {1, 2, 3, 7, 8, 15, 16, 17, 31, 33, 64, 4095, 4097, 20001};
constexpr AdamHyper kAveraged{
    .beta1 = 0.9f, .beta2 = 0.99f, .epsilon = 1e-6f, .average_decay = 0.98f};

TEST_CASE("adam: one step agrees with the reference") {
  const Kernels& kernels = *cpu_backend().kernels;
  for (const std::int64_t size : kSizes)
    for (const double step : {0.0, 1.0, 9.0, 100000.0}) {
      CHECK(check_kernel(adam_case({.size = size, .step = step}), kernels) == "");
      CHECK(check_kernel(adam_case({size, kAveraged, step, true}), kernels) == "");
      CHECK(check_kernel(adam_case({.size = size, .step = step, .shadowed = true}), kernels) == "");
    }
}

TEST_CASE("adam: a step on a gradient that is not finite changes nothing") {
  const Kernels& kernels = *cpu_backend().kernels;
  for (const std::int64_t size : kSizes)
    CHECK(check_kernel(adam_case({size, kAveraged, 3, true, false, true}), kernels) == "");
}

TEST_CASE("adam: the same bits for any number of threads") {
  CHECK(check_threads(adam_case({50001, kAveraged, 3, true, true, true}), *cpu_backend().kernels) ==
        "");
}

TEST_CASE("adam: the shadow is every parameter in bf16") {
  const AdamRun run{.size = 20001, .shadowed = true};
  BoundCase bound(adam_case(run), *cpu_backend().kernels);
  bound.run();
  const auto outputs = bound.outputs();
  for (std::size_t i = 0; i < outputs[0].size(); ++i)
    CHECK(outputs[3][i] == bf16(float(outputs[0][i])).bits);
}

TEST_CASE("adam: a kernel that leaves the bias of the moments in is found") {
  Kernels kernels = *cpu_backend().kernels;
  kernels.adam = [](const Launch& launch, AdamHyper hyper, View dp, View, View rate, View finite,
                    View p, View m, View v, View average, View shadow) {
    std::uint32_t late = 1000000;
    const View step = view_of(&late, Shape{}, DType::u32);
    cpu::adam(launch, hyper, dp, step, rate, finite, p, m, v, average, shadow);
  };
  CHECK(check_kernel(adam_case({.size = 5}), kernels) != "");
}

TEST_CASE("adam: many steps in a row agree with the reference") {
  constexpr std::int64_t kSize = 37;
  const Shape flat{1, 1, 1, kSize}, scalar{};
  const AdamHyper hyper{.average_decay = 0.9f};
  std::vector<float> dp(kSize), state[4];
  std::vector<double> want_dp(kSize), want[4];
  for (auto& values : state) values.assign(kSize, 0.0f);
  for (auto& values : want) values.assign(kSize, 0.0);
  float rate = 1e-2f;
  double want_step = 0, want_rate = double(rate);
  for (std::uint32_t step = 0; step < 50; ++step) {
    for (std::uint32_t i = 0; i < kSize; ++i) {
      dp[i] = normal(Philox{7}.words(step, i)[0], Philox{7}.words(step, i)[1]);
      want_dp[i] = double(dp[i]);
    }
    const auto view = [&](std::vector<float>& values) { return view_of(values.data(), flat); };
    const auto array = [&](std::vector<double>& values) {
      return Array<double>{values.data(), flat};
    };
    cpu_backend().kernels->adam({}, hyper, view(dp), view_of(&step, scalar, DType::u32),
                                view_of(&rate, scalar), {}, view(state[0]), view(state[1]),
                                view(state[2]), view(state[3]), {});
    want_step = step;
    reference::adam(hyper, array(want_dp), {&want_step, scalar}, {&want_rate, scalar}, {},
                    array(want[0]), array(want[1]), array(want[2]), array(want[3]), {});
  }
  for (std::size_t i = 0; i < kSize; ++i)
    for (int k = 0; k < 4; ++k) CHECK(std::abs(double(state[k][i]) - want[k][i]) < 2e-6);
}

TEST_CASE("adam: all_finite finds one bad element anywhere") {
  const Kernels& kernels = *cpu_backend().kernels;
  for (const std::int64_t size : kSizes) {
    CHECK(check_kernel(all_finite_case(size), kernels) == "");
    for (const double bad :
         {std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity(),
          std::numeric_limits<double>::quiet_NaN()})
      for (const std::int64_t at : {std::int64_t(0), size / 2, size - 1}) {
        OpCase op = all_finite_case(size);
        op.prepare = [=](const Arrays<double>& in) { in[0][at] = bad; };
        CHECK(check_kernel(op, kernels) == "");
      }
  }
}

}  // namespace
}  // namespace dagan::cases
