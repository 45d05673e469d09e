// The residual map and the score on the GPU, executed by the emulator.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "kernels/backend.h"
#include "tests/cases/residual.h"
#include "tests/checked.h"
#include "tests/gpu_checks.h"

namespace dagan {
namespace {

const Kernels& kernels() { return *emulated_backend().kernels; }

float score(float fraction, std::vector<float> map) {
  float result = 0;
  kernels().top_mean({}, fraction, view_of(map.data(), {1, 1, std::int64_t(map.size()), 1}),
                     view_of(&result, Shape{}));
  return result;
}

TEST_CASE("residual gpu: windows within, across and beyond a tile and the image") {
  const Shape shapes[] = {{2, 7, 9, 1},  {1, 1, 1, 1},   {2, 5, 33, 3},   {3, 2, 3, 2},
                          {1, 3, 50, 5}, {1, 2, 300, 1}, {1, 31, 31, 17}, {1, 20, 65, 35}};
  for (const Shape& shape : shapes)
    for (const int radius : {0, 1, 5, 40, 100})
      CHECK(cases::check_kernel(cases::pooled_residual(shape, radius), kernels()) == "");
}

TEST_CASE("residual gpu: standardise in vectors and one by one, also in place") {
  for (const Shape& shape : {Shape{3, 7, 9, 1}, Shape{1, 1, 1, 1}, Shape{3, 16, 32, 1}})
    CHECK(cases::check_kernel(cases::standardise(shape), kernels()) == "");
}

TEST_CASE("residual gpu: top_mean with any count and many ties") {
  for (const Shape& shape : {Shape{3, 7, 9, 1}, Shape{1, 1, 1, 1}, Shape{2, 64, 33, 1}})
    for (const float fraction : {0.0f, 0.01f, 0.25f, 0.999f, 1.0f}) {
      cases::OpCase op = cases::top_mean(shape, fraction);
      CHECK(cases::check_kernel(op, kernels()) == "");
      op.prepare = [](const cases::Arrays<double>& in) {
        for (std::int64_t i = 0; i < in[0].size(); ++i) in[0][i] = std::trunc(4 * in[0][i]);
      };
      CHECK(cases::check_kernel(op, kernels()) == "");
      CHECK(cases::check_schedules(op, kernels(), 4) == "");
    }
}

TEST_CASE("residual gpu: top_mean survives infinities, NaN and both zeros") {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  CHECK(score(0.5f, {-1, -0.0f, 0.0f, -5}) == 0);
  CHECK(score(0.25f, {-4, -3, -2, -7}) == -2);
  CHECK(score(0.25f, {1, kInfinity, 0, -kInfinity}) == kInfinity);
  CHECK(score(1.0f, {-kInfinity, 0, 0, -kInfinity}) == -kInfinity);
  for (const float nan : {std::nanf(""), -std::nanf("")})
    for (const float fraction : {0.25f, 0.5f, 1.0f})
      CHECK(std::isnan(score(fraction, {1, 9, nan, 3})));
}

TEST_CASE("residual gpu: no sector is read or written in vain") {
  if (!checked_kernels()) return;
  for (const cases::OpCase& op :
       {cases::pooled_residual({2, 64, 64, 1}, 2), cases::pooled_residual({2, 64, 64, 3}, 2),
        cases::standardise({2, 64, 64, 1}), cases::top_mean({2, 64, 64, 1}, 0.01f)}) {
    const auto totals = cases::count_accesses(op, *checked_kernels());
    CHECK(double(totals.global.sectors) <= 1.1 * double(totals.global.ideal_sectors));
  }
}

}  // namespace
}  // namespace dagan
