#include "tests/cases/residual.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "kernels/backend.h"

namespace dagan {
namespace {

const Kernels& kernels() { return *cpu_backend().kernels; }

void check_op(const cases::OpCase& op) {
  CHECK(cases::check_kernel(op, kernels()) == "");
  CHECK(cases::check_threads(op, kernels()) == "");
}

float score(float fraction, std::vector<float> map) {
  const Shape shape = {1, 1, std::int64_t(map.size()), 1};
  std::vector<float> scratch(map.size());
  float result = 0;
  kernels().top_mean({.scratch = reinterpret_cast<std::byte*>(scratch.data())}, fraction,
                     view_of(map.data(), shape), view_of(&result, Shape{}));
  return result;
}

TEST_CASE("pooled_residual equals its reference, inside its buffers, for any threads") {
  const Shape shapes[] = {{2, 7, 9, 1}, {1, 20, 37, 1}, {2, 5, 33, 3},  {1, 1, 1, 1},
                          {3, 2, 3, 2}, {1, 33, 19, 3}, {2, 16, 64, 1}, {1, 3, 50, 5}};
  for (const Shape& shape : shapes)
    for (const int radius : {0, 1, 2, 5, 40}) check_op(cases::pooled_residual(shape, radius));
}

TEST_CASE("standardise equals its reference, also in place") {
  for (const Shape& shape : {Shape{3, 7, 9, 1}, Shape{1, 1, 1, 1}, Shape{2, 16, 33, 1}})
    check_op(cases::standardise(shape));
}

TEST_CASE("top_mean equals its reference") {
  for (const Shape& shape : {Shape{3, 7, 9, 1}, Shape{1, 1, 1, 1}, Shape{5, 16, 33, 1}})
    for (const float fraction : {0.0f, 0.01f, 0.25f, 0.999f, 1.0f})
      check_op(cases::top_mean(shape, fraction));
}

TEST_CASE("top_mean counts as written and survives ties, infinities and NaN") {
  CHECK(top_count(0.01f, {1, 100, 100, 1}) == 100);
  CHECK(top_count(0.01f, {4, 64, 64, 1}) == 40);
  CHECK(top_count(0.0f, {1, 8, 8, 1}) == 1);
  CHECK(top_count(1.0f, {1, 8, 8, 1}) == 64);
  CHECK(score(0.5f, {1, 2, 2, 2}) == 2);
  CHECK(score(0.5f, {-1, -0.0f, 0.0f, -5}) == 0);
  CHECK(score(0.25f, {-4, -3, -2, -7}) == -2);
  const float infinity = std::numeric_limits<float>::infinity();
  CHECK(score(0.25f, {1, infinity, 0, -infinity}) == infinity);
  CHECK(std::isnan(score(0.25f, {1, 9, std::nanf(""), 3})));
  CHECK(std::isnan(score(0.25f, {1, 9, -std::nanf(""), 3})));
}

}  // namespace
}  // namespace dagan
