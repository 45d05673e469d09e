#include "tests/cases/conv2d.h"

#include <doctest/doctest.h>
#include <hwy/targets.h>

#include "kernels/kernels.h"
#include "tests/cases/stored_as.h"

namespace dagan::cases {
namespace {

// Only this op's entries: the test needs no other kernel.
constexpr Kernels kernels = [] {
  Kernels table = {};
  table.conv2d = cpu::conv2d;
  table.conv2d_input_grad = cpu::conv2d_input_grad;
  table.conv2d_filter_grad = cpu::conv2d_filter_grad;
  table.conv2d_scratch = cpu::conv2d_scratch;
  return table;
}();

void check_ok(const std::string& failure) { CHECK_MESSAGE(failure.empty(), failure); }

TEST_CASE("conv2d: the reference gradients of all passes equal the complex step") {
  CHECK(conv2d_small().size() >= 24);
  for (const Conv2dProblem& problem : conv2d_small())
    for (const OpCase& op : conv2d_passes(problem)) check_ok(check_gradient(op));
}

TEST_CASE("conv2d: a wrong gradient is found") {
  for (const OpCase& op : conv2d_passes({{2, 1}, {1, 6, 6, 3}, 2, 4, 4, true}))
    for (std::size_t input = 0; input < op.inputs.size(); ++input) {
      OpCase wrong = op;
      wrong.gradient = [=](const auto& in, const auto& out, const auto& dout, const auto& din) {
        op.gradient(in, out, dout, din);
        din[input][din[input].size() / 2] *= 1 + 1e-6;
      };
      check_ok(check_gradient(op));
      CHECK_MESSAGE(!check_gradient(wrong).empty(), op.name, ": ", op.inputs[input].name);
    }
}

TEST_CASE("conv2d: the kernels equal the reference in every layout") {
  CHECK(conv2d_small().size() + conv2d_large().size() >= 40);
  for (const auto& problems : {conv2d_small(), conv2d_large()})
    for (const Conv2dProblem& problem : problems)
      for (const OpCase& op : conv2d_passes(problem)) check_ok(check_kernel(op, kernels));
}

TEST_CASE("conv2d: in bf16 the kernels equal the reference, and what f32 gives, rounded") {
  for (const auto& problems : {conv2d_small(), conv2d_large()})
    for (const Conv2dProblem& problem : problems)
      for (const OpCase& op : conv2d_passes(with_dtype(problem, DType::bf16))) {
        check_ok(check_kernel(op, kernels));
        check_ok(check_rounding(op, kernels));
      }
}

#if defined(__x86_64__)
TEST_CASE("conv2d: the kernels of older processors equal the reference") {
  const std::int64_t older[] = {HWY_AVX2, HWY_SCALAR | HWY_EMU128};
  for (const std::int64_t targets : older) {
    if ((targets & HWY_AVX2) && !(hwy::SupportedTargets() & HWY_AVX2)) continue;
    hwy::SetSupportedTargetsForTest(targets);
    for (const auto& problems : {conv2d_small(), conv2d_large()})
      for (const Conv2dProblem& problem : problems)
        for (const DType dtype : {DType::f32, DType::bf16})
          for (const OpCase& op : conv2d_passes(with_dtype(problem, dtype)))
            check_ok(check_kernel(op, kernels, {Write::accumulate, true}));
    hwy::SetSupportedTargetsForTest(0);
  }
}
#endif

TEST_CASE("conv2d: a wrong kernel is found") {
  Kernels wrong = kernels;
  wrong.conv2d = [](const Launch& launch, Conv2dGeometry geometry, View x, View w, View bias,
                    View y, Write write) {
    geometry.pad = 0;
    y.shape.h -= 1, y.shape.w -= 1;
    cpu::conv2d(launch, geometry, x, w, bias, y, write);
  };
  CHECK_FALSE(check_kernel(conv2d({{2, 1}, {1, 8, 8, 3}, 16, 4, 4}), wrong).empty());
}

TEST_CASE("conv2d: the bits do not depend on the number of threads") {
  for (const Conv2dProblem& problem : conv2d_large())
    for (const DType dtype : {DType::f32, DType::bf16})
      for (const OpCase& op : conv2d_passes(with_dtype(problem, dtype)))
        check_ok(check_threads(op, kernels));
}

}  // namespace
}  // namespace dagan::cases
