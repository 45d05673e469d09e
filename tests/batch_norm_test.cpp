#include "tests/cases/batch_norm.h"

#include <doctest/doctest.h>

#include "kernels/backend.h"
#include "tests/cases/shapes.h"
#include "tests/cases/stored_as.h"

namespace dagan::cases {
namespace {

TEST_CASE("batch_norm: the reference gradient is that of a complex step") {
  for (const Shape& shape : small_shapes()) CHECK(check_gradient(batch_norm_case(shape)) == "");
}

TEST_CASE("batch_norm: a gradient that takes the statistics for constants is found") {
  OpCase op = batch_norm_case({2, 3, 1, 5});
  op.gradient = [](const auto& in, const auto& out, const auto& dout, const auto& din) {
    reference::batch_norm_grad(dout[0], in[0], out[1], out[2], in[1], din[0], din[1], din[2]);
    for (std::int64_t i = 0; i < din[0].size(); ++i)
      din[0][i] = in[1][i % 5] * out[2][i % 5] * dout[0][i];
  };
  CHECK(check_gradient(op).find("gradient of x") != std::string::npos);
}

TEST_CASE("batch_norm: the kernels agree with the reference") {
  const Kernels& kernels = *cpu_backend().kernels;
  for (const Shape& shape : kernel_shapes()) {
    CHECK(check_kernel(batch_norm_statistics_case(shape), kernels) == "");
    CHECK(check_kernel(batch_norm_apply_case(shape), kernels) == "");
    CHECK(check_kernel(batch_norm_evaluate_case(shape), kernels) == "");
    CHECK(check_kernel(batch_norm_grad_case(shape), kernels) == "");
    CHECK(check_kernel(batch_norm_grad_case(shape, false), kernels) == "");
  }
}

TEST_CASE("batch_norm: a mean far from 0 costs the variance no digits") {
  const Kernels& kernels = *cpu_backend().kernels;
  for (const double offset : {10.0, -1000.0})
    for (const Shape& shape : {Shape{1, 1, 2, 3}, Shape{2, 23, 29, 17}, Shape{4, 64, 64, 16}})
      CHECK(check_kernel(batch_norm_statistics_case(shape, offset), kernels) == "");
}

TEST_CASE("batch_norm: each operand in bf16") {
  const Kernels& kernels = *cpu_backend().kernels;
  std::vector<Shape> shapes = kernel_shapes();
  shapes.push_back({2, 37, 41, 17});
  for (const Shape& shape : shapes)
    for (const OpCase& op : {batch_norm_statistics_case(shape), batch_norm_apply_case(shape),
                             batch_norm_evaluate_case(shape), batch_norm_grad_case(shape)})
      for (const OpCase& narrow : in_bf16_each(op, {"x", "y", "dy", "dx"})) {
        CHECK(check_kernel(narrow, kernels) == "");
        CHECK(check_rounding(narrow, kernels) == "");
        if (shape == shapes.back()) CHECK(check_threads(narrow, kernels) == "");
      }
}

TEST_CASE("batch_norm: the same bits for any number of threads") {
  const Kernels& kernels = *cpu_backend().kernels;
  for (const Shape& shape : {Shape{2, 37, 41, 17}, Shape{1, 3, 3, 3}, Shape{2, 9, 9, 300}}) {
    CHECK(check_threads(batch_norm_statistics_case(shape), kernels) == "");
    CHECK(check_threads(batch_norm_apply_case(shape), kernels) == "");
    CHECK(check_threads(batch_norm_evaluate_case(shape), kernels) == "");
    CHECK(check_threads(batch_norm_grad_case(shape), kernels) == "");
  }
}

}  // namespace
}  // namespace dagan::cases
