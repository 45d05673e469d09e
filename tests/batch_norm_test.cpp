#include "tests/cases/batch_norm.h"

#include <doctest/doctest.h>

#include "kernels/backend.h"
#include "tests/cases/shapes.h"
#include "tests/cases/stored_as.h"

namespace dagan::cases {
namespace {

TEST_CASE("batch_norm: the reference gradient is that of a complex step") {
  for (const Shape& shape : small_shapes())
    for (const float slope : {1.0f, 0.2f, 0.0f})
      CHECK(check_gradient(batch_norm_case(shape, slope)) == "");
}

TEST_CASE("batch_norm: a gradient that takes the statistics for constants is found") {
  OpCase op = batch_norm_case({2, 3, 1, 5});
  op.gradient = [](const auto& in, const auto& out, const auto& dout, const auto& din) {
    reference::batch_norm_grad(dout[0], in[0], out[1], out[2], in[1], in[2], 1, din[0], din[1],
                               din[2]);
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

TEST_CASE("batch_norm: the kernels with the activation that follows agree with the reference") {
  const Kernels& kernels = *cpu_backend().kernels;
  for (const Shape& shape : kernel_shapes())
    for (const float slope : {0.2f, 0.0f})
      for (const OpCase& op :
           {batch_norm_apply_case(shape, slope), batch_norm_evaluate_case(shape, slope),
            batch_norm_grad_case(shape, true, slope)}) {
        CHECK(check_kernel(op, kernels) == "");
        CHECK(check_threads(op, kernels) == "");
      }
}

TEST_CASE("batch_norm: the gradient finds the sign that the forward pass found") {
  const Kernels& kernels = *cpu_backend().kernels;
  const Shape shape = {2, 9, 8, 24};
  // z is around the rounding of 0: the slightest other arithmetic would give another sign.
  std::vector<float> x(std::size_t(shape.size())), z(x), dy(x.size(), 1), dx(x);
  std::vector<float> mean(24, 0.3f), rstd(24), gamma(24), beta(24), dgamma(24), dbeta(24);
  for (std::size_t c = 0; c < 24; ++c) {
    rstd[c] = 0.7f + 0.1f * float(c);
    gamma[c] = c % 2 ? -1.3f : 0.9f;
    beta[c] = 0.123f;
  }
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::size_t c = i % 24;
    x[i] = mean[c] - beta[c] / (gamma[c] * rstd[c]) + float(int(i / 24 % 5) - 2) * 0x1p-24f;
  }
  const Shape channel = {1, 1, 1, 24};
  std::vector<float> scratch(std::size_t(kernels.batch_norm_scratch(shape)) / sizeof(float) + 16);
  const Launch launch = {.scratch = reinterpret_cast<std::byte*>(scratch.data())};
  const auto vector = [&](std::vector<float>& values) { return view_of(values.data(), channel); };
  kernels.batch_norm(launch, view_of(x.data(), shape), vector(mean), vector(rstd), vector(gamma),
                     vector(beta), 1, view_of(z.data(), shape));
  // With ReLU, dbeta counts where z > 0.
  kernels.batch_norm_grad(launch, view_of(dy.data(), shape), view_of(x.data(), shape), vector(mean),
                          vector(rstd), vector(gamma), vector(beta), 0, view_of(dx.data(), shape),
                          vector(dgamma), vector(dbeta), Write::overwrite, Write::overwrite);
  int near = 0;
  for (std::size_t c = 0; c < 24; ++c) {
    float positive = 0;
    for (std::size_t i = c; i < z.size(); i += 24) positive += z[i] > 0 ? 1.0f : 0.0f;
    CHECK(dbeta[c] == positive);
    near += positive > 0 && positive < 144;
  }
  CHECK(near > 0);
}

TEST_CASE("batch_norm: a mean far from 0 costs the variance no digits") {
  const Kernels& kernels = *cpu_backend().kernels;
  for (const double offset : {10.0, -1000.0})
    for (const Shape& shape : {Shape{1, 1, 2, 3}, Shape{2, 23, 29, 17}, Shape{4, 64, 64, 16}})
      CHECK(check_kernel(batch_norm_statistics_case(shape, offset), kernels) == "");
}

TEST_CASE("batch_norm: activations in bf16") {
  const Kernels& kernels = *cpu_backend().kernels;
  std::vector<Shape> shapes = kernel_shapes();
  shapes.push_back({2, 37, 41, 17});
  for (const Shape& shape : shapes)
    for (const OpCase& op :
         {batch_norm_statistics_case(shape), batch_norm_apply_case(shape),
          batch_norm_evaluate_case(shape), batch_norm_grad_case(shape),
          batch_norm_apply_case(shape, 0.2f), batch_norm_grad_case(shape, true, 0.2f)}) {
      const OpCase narrow = in_bf16(op, {"x", "y", "dy", "dx"});
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
