#include "tests/cases/loss.h"

#include <doctest/doctest.h>

#include "kernels/backend.h"
#include "tests/cases/shapes.h"

namespace dagan::cases {
namespace {

constexpr ErrorKind kKinds[] = {ErrorKind::squared, ErrorKind::absolute};

TEST_CASE("loss: the reference gradients are those of a complex step") {
  for (const ErrorKind kind : kKinds)
    for (const Shape& shape : small_shapes()) CHECK(check_gradient(error_case(kind, shape)) == "");
}

TEST_CASE("loss: a gradient that is wrong is found") {
  for (const ErrorKind kind : kKinds) {
    OpCase op = error_case(kind, {2, 3, 1, 5});
    op.gradient = [=](const auto& in, const auto&, const auto& dout, const auto& din) {
      for (const int i : {0, 1})  // the wrong sign for b
        if (kind == ErrorKind::squared)
          reference::squared_error_grad(in[0], in[1], dout[0], din[i]);
        else
          reference::absolute_error_grad(in[0], in[1], dout[0], din[i]);
    };
    CHECK(check_gradient(op) != "");
  }
}

TEST_CASE("loss: the kernels agree with the reference") {
  const Kernels& kernels = *cpu_backend().kernels;
  for (const ErrorKind kind : kKinds)
    for (const Shape& shape : kernel_shapes()) {
      CHECK(check_kernel(error_case(kind, shape), kernels) == "");
      CHECK(check_kernel(error_grad_case(kind, shape), kernels) == "");
      for (const auto& [a, b] : kWantedGrads)
        CHECK(check_kernel(error_with_grads_case(kind, shape, a, b), kernels) == "");
    }
  // As a slice it needs the most scratch.
  for (const ErrorKind kind : kKinds)
    CHECK(check_kernel(error_case(kind, {1, 3, 5, 2100}), kernels) == "");
}

TEST_CASE("loss: the same bits for any number of threads") {
  const Kernels& kernels = *cpu_backend().kernels;
  for (const ErrorKind kind : kKinds)
    for (const Shape& shape : {Shape{2, 37, 41, 17}, Shape{3, 64, 64, 3}}) {
      CHECK(check_threads(error_case(kind, shape), kernels) == "");
      CHECK(check_threads(error_grad_case(kind, shape), kernels) == "");
      CHECK(check_threads(error_with_grads_case(kind, shape, true, true), kernels) == "");
    }
}

}  // namespace
}  // namespace dagan::cases
