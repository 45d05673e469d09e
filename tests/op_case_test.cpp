// The checkers find what they are there to find.
#include "tests/cases/op_case.h"

#include <doctest/doctest.h>
#include <omp.h>

#include <cmath>

#include "tests/cases/activation.h"
#include "tests/cases/arithmetic.h"

namespace dagan::cases {
namespace {

const Shape kShape{2, 3, 2, 5};

// y = x, element by element; what the planted errors start from.
void copy(View x, View y) {
  for (std::int64_t i = 0; i < x.shape.size(); ++i)
    y.as<float>()[i / 5 * y.pitch + i % 5] = x.as<float>()[i / 5 * x.pitch + i % 5];
}

// Copying as an op, with one kernel in the place of tanh.
OpCase copy_case() {
  OpCase op = tanh_case(kShape);
  op.name = "copy";
  op.error = ulps(0);
  op.reference = [](const auto& in, const auto& out) {
    for (std::int64_t i = 0; i < in[0].size(); ++i) out[0][i] = in[0][i];
  };
  op.gradient = [](const auto&, const auto&, const auto& dout, const auto& din) {
    for (std::int64_t i = 0; i < din[0].size(); ++i) din[0][i] = dout[0][i];
  };
  return op;
}

std::string check(TanhFn* kernel) {
  Kernels kernels{};
  kernels.tanh = kernel;
  return check_kernel(copy_case(), kernels);
}

bool says(const std::string& failure, const char* part) {
  return failure.find(part) != std::string::npos;
}

TEST_CASE("op_case: a right kernel and a right gradient pass") {
  CHECK(check([](const Launch&, View x, View y) { copy(x, y); }) == "");
  CHECK(check_gradient(copy_case()) == "");
}

TEST_CASE("op_case: a kernel that strays is found") {
  CHECK(says(check([](const Launch&, View x, View y) {
               copy(x, y);
               y.as<float>()[-1] = 0;
             }),
             "wrote outside output y"));
  CHECK(says(check([](const Launch&, View x, View y) {
               copy(x, y);
               y.as<float>()[x.shape.pixels() * y.pitch] = 0;
             }),
             "wrote outside output y"));
  CHECK(says(check([](const Launch&, View x, View y) {
               copy(x, y);
               if (x.data != y.data) x.as<float>()[3] = 0;
             }),
             "wrote to input x"));
  CHECK(says(check([](const Launch&, View x, View y) {
               copy(x, y);
               y.as<float>()[0] += 0 * x.as<float>()[-1];  // reads what is not its own
             }),
             "y[0,0,0,0] is"));
  CHECK(says(check([](const Launch& launch, View x, View y) {
               copy(x, y);
               launch.scratch[0] = std::byte(1);
             }),
             "scratch"));
}

TEST_CASE("op_case: a kernel that takes a slice for a whole tensor is found") {
  const std::string failure = check([](const Launch&, View x, View y) {
    y.pitch = y.shape.c;
    copy(x, y);
  });
  CHECK(says(failure, "sliced"));
}

TEST_CASE("op_case: a kernel that leaves an element, or is off by one place, is found") {
  CHECK(says(check([](const Launch&, View x, View y) {
               const float last = y.as<float>()[0];
               copy(x, y);
               y.as<float>()[0] = last;
             }),
             "y[0,0,0,0] is"));
  CHECK(says(check([](const Launch&, View x, View y) {
               copy(x, y);
               float& value = y.as<float>()[2 * y.pitch + 1];
               value = std::nextafter(value, 2.0f);
             }),
             "y[0,1,0,1]"));
}

TEST_CASE("op_case: a kernel that sets where it should add is found") {
  Kernels kernels{};
  kernels.linear = [](const Launch&, LinearGeometry, View a, View, View y, Write) { copy(a, y); };
  CHECK(says(check_kernel(linear_case(kShape, {}, false), kernels), "accumulate"));
}

TEST_CASE("op_case: a result that depends on the number of threads is found") {
  Kernels kernels{};
  kernels.tanh = [](const Launch&, View x, View y) {
    copy(x, y);
    y.as<float>()[0] = float(omp_get_max_threads());
  };
  CHECK(says(check_threads(copy_case(), kernels), "differs between 1 and 2 threads"));
}

TEST_CASE("op_case: one wrong element of a gradient, or a tiny error in all of them, is found") {
  OpCase op = copy_case();
  op.gradient = [](const auto&, const auto&, const auto& dout, const auto& din) {
    for (std::int64_t i = 0; i < din[0].size(); ++i) din[0][i] = dout[0][i] * (1 + 1e-10);
  };
  CHECK(says(check_gradient(op), "gradient of x"));
  for (const std::int64_t wrong : {0, 29, 59}) {
    op.gradient = [=](const auto&, const auto&, const auto& dout, const auto& din) {
      for (std::int64_t i = 0; i < din[0].size(); ++i)
        din[0][i] = dout[0][i] * (i == wrong ? 1.1 : 1);
    };
    CHECK(says(check_gradient(op), "gradient of x"));
  }
}

}  // namespace
}  // namespace dagan::cases
