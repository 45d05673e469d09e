#include "tests/cases/activation.h"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstring>

#include "kernels/backend.h"
#include "tests/cases/shapes.h"
#include "tests/cases/stored_as.h"
#include "tests/older_processors.h"

namespace dagan::cases {
namespace {

constexpr float kSlopes[] = {0.0f, 0.2f};

TEST_CASE("activation: the reference gradients are those of a complex step") {
  for (const Shape& shape : small_shapes()) {
    for (const float slope : kSlopes) CHECK(check_gradient(leaky_relu_case(shape, slope)) == "");
    CHECK(check_gradient(tanh_case(shape)) == "");
  }
}

TEST_CASE("activation: a gradient that is wrong is found") {
  OpCase relu = leaky_relu_case({2, 3, 1, 5}, 0.2f), tanh = tanh_case({2, 3, 1, 5});
  relu.gradient = [](const auto&, const auto& out, const auto& dout, const auto& din) {
    reference::leaky_relu_grad(0.2001f, out[0], dout[0], din[0]);
  };
  tanh.gradient = [](const auto& in, const auto&, const auto& dout, const auto& din) {
    reference::tanh_grad(in[0], dout[0], din[0]);
  };
  CHECK(check_gradient(relu) != "");
  CHECK(check_gradient(tanh) != "");
}

TEST_CASE("activation: the kernels agree with the reference") {
  const Kernels& kernels = *cpu_backend().kernels;
  for (const Shape& shape : kernel_shapes()) {
    for (const float slope : kSlopes) {
      CHECK(check_kernel(leaky_relu_case(shape, slope), kernels) == "");
      CHECK(check_kernel(leaky_relu_grad_case(shape, slope), kernels) == "");
    }
    CHECK(check_kernel(tanh_case(shape), kernels) == "");
    CHECK(check_kernel(tanh_grad_case(shape), kernels) == "");
  }
}

std::vector<OpCase> all_in_bf16(Shape shape) {
  std::vector<OpCase> all;
  for (const OpCase& op : {leaky_relu_case(shape, 0.2f), leaky_relu_grad_case(shape, 0.2f),
                           tanh_case(shape), tanh_grad_case(shape)})
    for (OpCase& narrow : in_bf16_each(op, {"x", "y", "dy", "dx"}))
      all.push_back(std::move(narrow));
  return all;
}

TEST_CASE("activation: each operand in bf16") {
  const Kernels& kernels = *cpu_backend().kernels;
  for (const Shape& shape : kernel_shapes())
    for (const OpCase& op : all_in_bf16(shape)) {
      CHECK(check_kernel(op, kernels) == "");
      CHECK(check_rounding(op, kernels) == "");
    }
  for (const OpCase& op : all_in_bf16({2, 37, 41, 17})) CHECK(check_threads(op, kernels) == "");
}

void check_every_value() {
  const Kernels& kernels = *cpu_backend().kernels;
  std::vector<bf16> narrow(1 << 16), same(narrow.size());
  for (std::size_t i = 0; i < narrow.size(); ++i) narrow[i].bits = std::uint16_t(i);
  const Shape all{1, 1, 1, 1 << 16};
  kernels.leaky_relu({}, 1, view_of(narrow.data(), all, DType::bf16),
                     view_of(same.data(), all, DType::bf16));
  for (std::size_t i = 0; i < narrow.size(); ++i)
    CHECK(same[i].bits == bf16(float(narrow[i])).bits);

  std::vector<float> wide;
  for (std::uint32_t upper = 0; upper < 1 << 16; ++upper)
    for (const std::uint32_t lower : {0x0u, 0x7fffu, 0x8000u, 0x8001u, 0xffffu})
      wide.push_back(std::bit_cast<float>(upper << 16 | lower));
  std::vector<bf16> rounded(wide.size());
  const Shape many{1, 1, 1, std::int64_t(wide.size())};
  kernels.leaky_relu({}, 1, view_of(wide.data(), many), view_of(rounded.data(), many, DType::bf16));
  std::size_t wrong = 0;  // of what is not a number, multiplication may have changed the bits
  for (std::size_t i = 0; i < wide.size(); ++i)
    wrong += std::isnan(wide[i]) ? !std::isnan(float(rounded[i]))
                                 : rounded[i].bits != bf16(wide[i]).bits;
  CHECK(wrong == 0);
}

TEST_CASE("activation: every value is widened and rounded as bf16 says, on every processor") {
  check_every_value();
  testing::on_older_processors([] {
    check_every_value();
    for (const OpCase& op : all_in_bf16({2, 5, 7, 19})) {
      CHECK(check_kernel(op, *cpu_backend().kernels) == "");
      CHECK(check_rounding(op, *cpu_backend().kernels) == "");
    }
  });
}

TEST_CASE("activation: the same bits for any number of threads") {
  const Kernels& kernels = *cpu_backend().kernels;
  for (const Shape& shape : {Shape{2, 37, 41, 17}, Shape{1, 3, 3, 3}}) {
    CHECK(check_threads(leaky_relu_case(shape, 0.2f), kernels) == "");
    CHECK(check_threads(leaky_relu_grad_case(shape, 0.2f), kernels) == "");
    CHECK(check_threads(tanh_case(shape), kernels) == "");
    CHECK(check_threads(tanh_grad_case(shape), kernels) == "");
  }
}

TEST_CASE("activation: tanh stays within 4 units in the last place over every magnitude") {
  const Kernels& kernels = *cpu_backend().kernels;
  std::vector<float> x, y;
  for (std::uint64_t bits = 0; bits <= 0xff800000u; bits += 9973) {
    const auto word = std::uint32_t(bits);
    float value;
    std::memcpy(&value, &word, sizeof value);
    if (std::isfinite(value)) x.push_back(value);
  }
  y.resize(x.size());
  const Shape shape{1, 1, 1, std::int64_t(x.size())};
  kernels.tanh({}, view_of(x.data(), shape), view_of(y.data(), shape));
  double worst = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double want = std::tanh(double(x[i]));
    int exponent;
    std::frexp(std::max(std::abs(want), 0x1p-126), &exponent);
    worst = std::max(worst, std::abs(double(y[i]) - want) / std::ldexp(1.0, exponent - 24));
  }
  CHECK(worst <= 4);
}

TEST_CASE("activation: what is not a number stays so") {
  const Kernels& kernels = *cpu_backend().kernels;
  std::vector<float> x(19, std::nanf("")), y(19, 0.0f);
  const Shape shape{1, 1, 1, 19};
  kernels.tanh({}, view_of(x.data(), shape), view_of(y.data(), shape));
  for (const float value : y) CHECK(std::isnan(value));
  kernels.leaky_relu({}, 0.2f, view_of(x.data(), shape), view_of(y.data(), shape));
  for (const float value : y) CHECK(std::isnan(value));
}

}  // namespace
}  // namespace dagan::cases
