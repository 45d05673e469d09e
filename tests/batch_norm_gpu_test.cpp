// Every version of batch norm on the GPU, executed by the emulator.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "kernels/backend.h"
#include "kernels/versions.h"
#include "tests/cases/batch_norm.h"
#include "tests/cases/shapes.h"
#include "tests/cases/stored_as.h"
#include "tests/gpu_checks.h"

namespace dagan {

namespace emulated {
extern const KernelVersions batch_norm_versions;
}
#if defined(DAGAN_HAS_CHECKED)
namespace checked {
extern const KernelVersions batch_norm_versions;
}
#endif

namespace cases {
namespace {

// The table of kernels with a version in it.
Kernels with(const KernelVersion& version) {
  Kernels kernels = *emulated_backend().kernels;
  replace(kernels, version);
  return kernels;
}

std::vector<OpCase> ops(Shape shape) {
  return {batch_norm_statistics_case(shape),  batch_norm_apply_case(shape),
          batch_norm_evaluate_case(shape),    batch_norm_grad_case(shape),
          batch_norm_grad_case(shape, false), batch_norm_apply_case(shape, 0.2f),
          batch_norm_evaluate_case(shape, 0), batch_norm_grad_case(shape, true, 0.2f)};
}

TEST_CASE("batch_norm gpu: every version agrees with the reference") {
  for (const KernelVersion& version : emulated::batch_norm_versions) {
    const Kernels kernels = with(version);
    const std::string name = version.name;
    CAPTURE(name);
    for (const Shape& shape : kernel_shapes())
      for (const OpCase& op : ops(shape)) CHECK(check_kernel(op, kernels) == "");
  }
}

TEST_CASE("batch_norm gpu: several blocks of pixels, several tiles of channels") {
  const Kernels& kernels = *emulated_backend().kernels;
  for (const Shape& shape : {Shape{1, 1, 2050, 3}, Shape{2, 37, 41, 17}, Shape{2, 37, 41, 64},
                             Shape{1, 3, 5, 2100}, Shape{1, 9, 9, 300}, Shape{2, 64, 64, 1}})
    for (const OpCase& op : ops(shape)) CHECK(check_kernel(op, kernels) == "");
}

TEST_CASE("batch_norm gpu: activations in bf16") {
  const Kernels& kernels = *emulated_backend().kernels;
  for (const Shape& shape : {Shape{2, 3, 5, 7}, Shape{1, 9, 8, 16}, Shape{2, 23, 29, 12}})
    for (const OpCase& op : ops(shape))
      CHECK(check_kernel(in_bf16(op, {"x", "y", "dy", "dx"}), kernels) == "");
}

TEST_CASE("batch_norm gpu: no version loses digits to a mean far from 0") {
  for (const KernelVersion& version : emulated::batch_norm_versions) {
    const Kernels kernels = with(version);
    const std::string name = version.name;
    CAPTURE(name);
    for (const double offset : {10.0, -1000.0})
      for (const Shape& shape : {Shape{1, 1, 2, 3}, Shape{2, 23, 29, 17}, Shape{4, 64, 64, 16}})
        CHECK(check_kernel(batch_norm_statistics_case(shape, offset), kernels) == "");
  }
}

// The pivot is a mean, not a pixel: one that lies far from all others does no harm.
TEST_CASE("batch_norm gpu: a single pixel far from all others costs no digits") {
  for (const Shape& shape : {Shape{2, 23, 29, 17}, Shape{4, 64, 64, 16}})
    for (const std::int64_t pixel : {0, 1, 300}) {
      OpCase op = batch_norm_statistics_case(shape);
      op.prepare = [=](const auto& in) {
        for (std::int64_t c = 0; c < shape.c; ++c) in[0][pixel * shape.c + c] = 100;
      };
      CHECK(check_kernel(op, *emulated_backend().kernels) == "");
    }
}

TEST_CASE("batch_norm gpu: every version gives the same bits in all schedules") {
  for (const KernelVersion& version : emulated::batch_norm_versions)
    for (const Shape& shape : {Shape{2, 3, 5, 7}, Shape{1, 16, 16, 8}})
      for (const OpCase& op : ops(shape)) CHECK(check_schedules(op, with(version)) == "");
}

#if defined(DAGAN_HAS_CHECKED)

TEST_CASE("batch_norm gpu: no version has a data race") {
  for (const KernelVersion& version : checked::batch_norm_versions)
    for (const Shape& shape : {Shape{2, 3, 5, 7}, Shape{2, 23, 29, 12}, Shape{1, 3, 5, 300}}) {
      CHECK(check_races(batch_norm_statistics_case(shape), with(version)) == "");
      CHECK(check_races(batch_norm_apply_case(shape), with(version)) == "");
      CHECK(check_races(batch_norm_grad_case(shape), with(version)) == "");
    }
}

TEST_CASE("batch_norm gpu: what each version moves") {
  const Shape shape = {4, 32, 32, 64};
  const double sectors = double(shape.size()) * sizeof(float) / 32;
  for (const KernelVersion& version : checked::batch_norm_versions)
    for (const OpCase& op : {batch_norm_statistics_case(shape), batch_norm_apply_case(shape),
                             batch_norm_grad_case(shape)}) {
      const emulator::AccessTotals moved = count_accesses(op, with(version));
      const double ratio = double(moved.global.sectors) / double(moved.global.ideal_sectors);
      MESSAGE(std::string(version.name), " ", op.name, ": ", double(moved.global.sectors) / sectors,
              " tensors of sectors, ", ratio, " x ideal, ",
              moved.shared.passes - moved.shared.ideal_passes, " bank conflicts");
      CHECK(moved.shared.passes == moved.shared.ideal_passes);
      if (std::string(version.name) == "block_per_channel")
        CHECK(ratio > 6);
      else
        CHECK(ratio <= 1.1);
    }
}

TEST_CASE("batch_norm gpu: whole sectors for every number of channels from 8 on") {
  for (const std::int64_t c : {8, 12, 16, 24, 31, 32, 33, 64, 100, 128, 256, 512})
    for (const OpCase& op : ops({2, 16, 16, c})) {
      const auto moved = count_accesses(op, with(checked::batch_norm_versions.first[3])).global;
      CAPTURE(op.name);
      CHECK(double(moved.sectors) <= 1.1 * double(moved.ideal_sectors));
    }
}

#endif

}  // namespace
}  // namespace cases
}  // namespace dagan
