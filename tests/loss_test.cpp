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

TEST_CASE("loss: what is not a number stays so in the gradients") {
  const Kernels& kernels = *cpu_backend().kernels;
  std::vector<float> a(19, 0.5f), da(19), db(19);
  a[3] = a[18] = std::nanf("");
  float b[19] = {}, loss = 0, one = 1;
  std::vector<std::byte> scratch(std::size_t(kernels.error_scratch({1, 1, 1, 19})));
  const Launch launch{.scratch = scratch.data()};
  const auto view = [](float* data) { return View{data, {1, 1, 1, 19}, DType::f32, 19}; };
  const View scalar{&loss, {}, DType::f32, 1}, dloss{&one, {}, DType::f32, 1};
  for (const bool squared : {true, false}) {
    (squared ? kernels.squared_error : kernels.absolute_error)(
        launch, view(a.data()), view(b), 1, scalar, view(da.data()), view(db.data()));
    CHECK(std::isnan(loss));
    for (const std::size_t i : {3, 18}) CHECK((std::isnan(da[i]) && std::isnan(db[i])));
    CHECK(std::isfinite(da[4]));
    (squared ? kernels.squared_error_grad : kernels.absolute_error_grad)(
        launch, view(a.data()), view(b), dloss, view(da.data()), Write::overwrite);
    for (const std::size_t i : {3, 18}) CHECK(std::isnan(da[i]));
  }
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
