#include "tests/cases/arithmetic.h"

#include <doctest/doctest.h>

#include "kernels/backend.h"
#include "tests/cases/shapes.h"
#include "tests/cases/stored_as.h"

namespace dagan::cases {
namespace {

constexpr LinearGeometry kMix{.alpha = 0.75f, .beta = -1.5f, .constant = 0.3f};

TEST_CASE("arithmetic: the reference gradients are those of a complex step") {
  for (const Shape& shape : small_shapes()) {
    CHECK(check_gradient(linear_case(shape, kMix, true)) == "");
    CHECK(check_gradient(linear_case(shape, kMix, false)) == "");
    CHECK(check_gradient(channel_sum_case(shape)) == "");
  }
}

TEST_CASE("arithmetic: a gradient that is wrong is found") {
  OpCase linear = linear_case({2, 3, 1, 5}, kMix, true), sum = channel_sum_case({2, 3, 1, 5});
  linear.gradient = [](const auto&, const auto&, const auto& dout, const auto& din) {
    for (const auto& gradient : din)
      reference::linear({.alpha = kMix.alpha}, dout[0], {}, gradient);
  };
  sum.gradient = [](const auto&, const auto&, const auto& dout, const auto& din) {
    for (std::int64_t i = 0; i < din[0].size(); ++i) din[0][i] = dout[0][i / 6];
  };
  CHECK(check_gradient(linear) != "");
  CHECK(check_gradient(sum) != "");
}

TEST_CASE("arithmetic: the kernels agree with the reference") {
  const Kernels& kernels = *cpu_backend().kernels;
  for (const Shape& shape : kernel_shapes()) {
    OpCase both = linear_case(shape, kMix, true);
    CHECK(check_kernel(both, kernels) == "");
    both.outputs[0].alias = 1;  // in place of b, not of a
    CHECK(check_kernel(both, kernels) == "");
    CHECK(check_kernel(linear_case(shape, kMix, false), kernels) == "");
    CHECK(check_kernel(channel_sum_case(shape), kernels) == "");
  }
  // As a slice it needs the most scratch.
  CHECK(check_kernel(channel_sum_case({1, 1, 2050, 3}), kernels) == "");
}

TEST_CASE("arithmetic: each operand in bf16") {
  const Kernels& kernels = *cpu_backend().kernels;
  std::vector<Shape> shapes = kernel_shapes();
  shapes.push_back({2, 37, 41, 17});
  for (const Shape& shape : shapes) {
    std::vector<OpCase> all = {in_bf16(channel_sum_case(shape), {"x"})};
    OpCase in_place_of_b = linear_case(shape, kMix, true);
    in_place_of_b.outputs[0].alias = 1;
    for (const OpCase& op :
         {linear_case(shape, kMix, true), in_place_of_b, linear_case(shape, kMix, false)})
      for (OpCase& narrow : in_bf16_each(op, {"a", "b", "y"})) all.push_back(std::move(narrow));
    for (const OpCase& op : all) {
      CHECK(check_kernel(op, kernels) == "");
      CHECK(check_rounding(op, kernels) == "");
      if (shape == shapes.back()) CHECK(check_threads(op, kernels) == "");
    }
  }
  CHECK(check_kernel(in_bf16(channel_sum_case({1, 1, 2050, 3}), {"x"}), kernels) == "");
}

TEST_CASE("arithmetic: the same bits for any number of threads") {
  const Kernels& kernels = *cpu_backend().kernels;
  for (const Shape& shape : {Shape{2, 37, 41, 17}, Shape{2, 37, 41, 3}}) {
    CHECK(check_threads(linear_case(shape, kMix, true), kernels) == "");
    CHECK(check_threads(channel_sum_case(shape), kernels) == "");
  }
}

}  // namespace
}  // namespace dagan::cases
