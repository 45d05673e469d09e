#include "tests/cases/conv2d.h"

#include <doctest/doctest.h>

#include "kernels/conv2d/choice.h"
#include "kernels/version.h"
#include "tests/cases/stored_as.h"
#include "tests/older_processors.h"

namespace dagan::cases {
namespace {

// The fast versions. Where Winograd's algorithm does not apply they are one and the same.
std::vector<KernelVersion> fast_versions() {
  std::vector<KernelVersion> fast;
  for (const KernelVersion& version : cpu::conv2d_versions)
    if (version.name != std::string("definition")) fast.push_back(version);
  return fast;
}

bool is_winograd(const KernelVersion& version) {
  return std::string(version.name).starts_with("winograd");
}

std::vector<Conv2dProblem> problems_of(const KernelVersion& version) {
  if (is_winograd(version)) return conv2d_winograd();
  std::vector<Conv2dProblem> problems = conv2d_small(), large = conv2d_large();
  problems.insert(problems.end(), large.begin(), large.end());
  return problems;
}

// The table's.
const KernelVersion& by_shape() {
  for (const KernelVersion& version : cpu::conv2d_versions)
    if (version.in_table) return version;
  fail(Fault::bug, "no version is in the table");
}

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

TEST_CASE("conv2d: every version equals the reference in every layout") {
  CHECK(conv2d_small().size() + conv2d_large().size() >= 40);
  CHECK(conv2d_winograd().size() >= 60);
  for (const KernelVersion& version : fast_versions())
    for (const Conv2dProblem& problem : problems_of(version))
      for (const OpCase& op : conv2d_passes(version, problem))
        check_ok(check_kernel(op, version.entries));
}

TEST_CASE("conv2d: in bf16 every version equals the reference, and what f32 gives, rounded") {
  for (const KernelVersion& version : fast_versions())
    for (const Conv2dProblem& problem : problems_of(version))
      for (const OpCase& op : conv2d_passes(version, problem, DType::bf16)) {
        check_ok(check_kernel(op, version.entries, {Write::accumulate, true}));
        check_ok(check_rounding(op, version.entries));
      }
}

TEST_CASE("conv2d: with packed weights every version equals the reference") {
  int checked = 0;
  for (const KernelVersion& version : fast_versions()) {
    const std::vector<Conv2dProblem> problems = problems_of(version);
    for (std::size_t i = 0; i < problems.size(); ++i) {
      const bool norm = i % 2 != 0;
      for (const OpCase& op : conv2d_packed_passes(version, problems[i], DType::f32, norm)) {
        check_ok(check_kernel(op, version.entries));
        if (i % 3 == 0) check_ok(check_threads(op, version.entries));
        ++checked;
      }
      if (i % 3 > 0) continue;
      for (const OpCase& op : conv2d_packed_passes(version, problems[i], DType::bf16, !norm))
        check_ok(check_kernel(op, version.entries, {.sliced = true}));
    }
  }
  CHECK(checked >= 4 * 2 * 50);
}

TEST_CASE("conv2d: weights that are packed for a single run give the same bits") {
  for (const KernelVersion& version : fast_versions()) {
    const std::vector<Conv2dProblem> problems = problems_of(version);
    for (std::size_t i = 0; i < problems.size(); ++i) {
      const bool norm = i % 3 != 0;
      const DType dtype = i % 2 ? DType::bf16 : DType::f32;
      const auto often = conv2d_packed_passes(version, problems[i], dtype, norm);
      const auto once = conv2d_packed_passes(version, problems[i], dtype, norm, true);
      for (std::size_t pass = 0; pass < once.size(); ++pass) {
        BoundCase a(often[pass], version.entries), b(once[pass], version.entries);
        CHECK(once[pass].kept(version.entries) < often[pass].kept(version.entries));
        a.run();
        b.run();
        check_ok(b.compare());
        CHECK(a.outputs() == b.outputs());
      }
    }
  }
}

// The root mean square of the error over that of the result, on the layers of a model: sums over
// many channels and many pixels.
TEST_CASE("conv2d: Winograd's rounding errors stay small") {
  const std::pair<const char*, double> limits[] = {{"winograd_2x2", 1e-6}, {"winograd_4x4", 2e-6}};
  int checked = 0;
  for (const KernelVersion& version : fast_versions())
    for (const auto& [name, limit] : limits) {
      if (version.name != std::string(name)) continue;
      std::vector<Conv2dProblem> problems = conv2d_winograd();
      problems.push_back({{2, 1}, {1, 16, 16, 512}, 64, 4, 4});
      problems.push_back({{2, 1}, {1, 16, 16, 64}, 512, 4, 4});
      problems.push_back({{2, 1}, {12, 32, 32, 16}, 16, 4, 4});
      for (const Conv2dProblem& problem : problems)
        for (const OpCase& op : conv2d_passes(version, problem)) {
          BoundCase bound(op, version.entries);
          bound.run();
          check_ok(bound.compare());
          CHECK_MESSAGE(bound.deviation().root_mean_square <= limit, name, " ", op.name);
          ++checked;
        }
    }
  CHECK(checked >= 2 * 3 * 60);
}

TEST_CASE("conv2d: the versions for older processors equal the reference") {
  testing::on_older_processors([] {
    for (const KernelVersion& version : fast_versions())
      for (const Conv2dProblem& problem : problems_of(version))
        for (const OpCase& op : conv2d_passes(version, problem))
          check_ok(check_kernel(op, version.entries, {Write::accumulate, true}));
    for (const Conv2dProblem& problem : conv2d_large())
      for (const OpCase& op : conv2d_passes(by_shape(), problem, DType::bf16))
        check_ok(check_kernel(op, by_shape().entries, {Write::accumulate, true}));
  });
}

TEST_CASE("conv2d: a wrong kernel is found") {
  Kernels wrong = by_shape().entries;
  wrong.conv2d = [](const Launch& launch, Conv2dGeometry geometry, View x, View w, View bias,
                    View y, Write write) {
    geometry.pad = 0;
    y.shape.h -= 1, y.shape.w -= 1;
    cpu::conv2d(launch, geometry, x, w, bias, y, write);
  };
  CHECK_FALSE(check_kernel(conv2d({{2, 1}, {1, 8, 8, 3}, 16, 4, 4}), wrong).empty());
}

TEST_CASE("conv2d: Winograd's algorithm only where it saves products") {
  using enum cpu::Conv2dVersion;
  const auto choice = [](Shape y, std::int64_t channels) {
    return cpu::choose_conv2d(Conv2dPass::forward, {y.c, 4, 4, channels}, y);
  };
  CHECK(choice({16, 8, 8, 64}, 32) == winograd_4x4);
  CHECK(choice({16, 5, 5, 64}, 32) == implicit_gemm);  // four tiles of 4x4 for 25 pixels
  CHECK(choice({16, 6, 6, 64}, 32) == winograd_2x2);   // whole tiles of 2x2
  CHECK(choice({64, 2, 2, 64}, 32) == implicit_gemm);
  CHECK(choice({16, 8, 8, 64}, 3) == implicit_gemm);
  CHECK(choice({1, 4, 4, 64}, 512) == implicit_gemm);  // too few pixels for the filter transform
}

TEST_CASE("conv2d: the bits do not depend on the number of threads") {
  for (const KernelVersion& version : fast_versions())
    for (const Conv2dProblem& problem : problems_of(version))
      for (const OpCase& op : conv2d_passes(version, problem))
        check_ok(check_threads(op, version.entries));
}

}  // namespace
}  // namespace dagan::cases
