// The GPU's sums of tensors and losses, executed by the emulator.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "kernels/backend.h"
#include "tests/cases/arithmetic.h"
#include "tests/cases/loss.h"
#include "tests/cases/shapes.h"
#include "tests/cases/stored_as.h"
#include "tests/checked.h"
#include "tests/gpu_checks.h"

namespace dagan::cases {
namespace {

std::vector<OpCase> ops(Shape shape) {
  const LinearGeometry mix{.alpha = 0.75f, .beta = -1.5f, .constant = 0.3f};
  std::vector<OpCase> all = {linear_case(shape, mix, true), linear_case(shape, mix, true),
                             linear_case(shape, mix, false), channel_sum_case(shape)};
  all[1].outputs[0].alias = 1;  // in place of b, not of a
  for (const ErrorKind kind : {ErrorKind::squared, ErrorKind::absolute}) {
    all.push_back(error_case(kind, shape));
    all.push_back(error_grad_case(kind, shape));
  }
  return all;
}

TEST_CASE("sums gpu: the kernels agree with the reference") {
  std::vector<Shape> shapes = kernel_shapes();
  // Several blocks, several tiles of channels, more elements than threads.
  for (const Shape& shape : {Shape{1, 1, 2050, 3}, Shape{2, 37, 41, 17}, Shape{1, 3, 5, 2100},
                             Shape{3, 64, 64, 3}, Shape{1, 120, 130, 8}, Shape{2, 64, 64, 1}})
    shapes.push_back(shape);
  for (const Shape& shape : shapes)
    for (const OpCase& op : ops(shape)) CHECK(check_kernel(op, *emulated_backend().kernels) == "");
}

TEST_CASE("sums gpu: more elements than all threads take at once") {
  for (const ErrorKind kind : {ErrorKind::squared, ErrorKind::absolute}) {
    const OpCase op = error_case(kind, {1, 750, 703, 1});
    CHECK(check_kernel(op, *emulated_backend().kernels, {.sliced = true}) == "");
  }
}

TEST_CASE("sums gpu: each operand may be bf16") {
  const Kernels& kernels = *emulated_backend().kernels;
  const std::vector<std::string> stored[] = {{"a"}, {"b"}, {"y"}, {"da"}, {"a", "b", "y", "da"}};
  for (const Shape& shape : {Shape{2, 3, 5, 7}, Shape{1, 9, 8, 16}, Shape{2, 23, 29, 12}}) {
    CHECK(check_kernel(in_bf16(channel_sum_case(shape), {"x"}), kernels) == "");
    for (OpCase& op : ops(shape)) {
      if (op.inputs[0].name == "x") continue;  // its y is a gradient of parameters: f32
      for (const auto& names : stored) CHECK(check_kernel(in_bf16(op, names), kernels) == "");
    }
  }
}

TEST_CASE("sums gpu: the same bits in all schedules") {
  for (const Shape& shape : {Shape{2, 3, 5, 7}, Shape{1, 16, 16, 8}})
    for (const OpCase& op : ops(shape))
      CHECK(check_schedules(op, *emulated_backend().kernels) == "");
}

TEST_CASE("sums gpu: no races, whole sectors, no bank conflicts") {
  if (!checked_kernels()) return;
  for (const Shape& shape : {Shape{2, 3, 5, 7}, Shape{1, 9, 8, 16}, Shape{2, 23, 29, 12}})
    for (const OpCase& op : ops(shape)) CHECK(check_races(op, *checked_kernels()) == "");
  for (const std::int64_t c : {8, 12, 31, 32, 64, 300})
    for (const OpCase& op : ops({2, 16, 16, c})) {
      const emulator::AccessTotals moved = count_accesses(op, *checked_kernels());
      CAPTURE(op.name);
      CHECK(double(moved.global.sectors) <= 1.1 * double(moved.global.ideal_sectors));
      CHECK(moved.shared.passes == moved.shared.ideal_passes);
    }
}

}  // namespace
}  // namespace dagan::cases
