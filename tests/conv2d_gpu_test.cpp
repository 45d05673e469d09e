// Every version of the convolution on the GPU, executed by the emulator.
#include <doctest/doctest.h>

#include <string>

#include "kernels/emulator/counters.h"
#include "kernels/version.h"
#include "tests/cases/conv2d.h"
#include "tests/gpu_checks.h"

namespace dagan {
namespace emulated {
extern const KernelVersions conv2d_versions;
extern const Kernels kernels;
}  // namespace emulated
#if defined(DAGAN_HAS_CHECKED)
namespace checked {
extern const KernelVersions conv2d_versions;
}
#endif

namespace cases {
namespace {

void check_ok(const std::string& failure) { CHECK_MESSAGE(failure.empty(), failure); }

// One problem for each way through the kernels: single elements and chunks of 16 bytes, tiles of
// every shape, splits of the depth, few channels.
std::vector<Conv2dProblem> ways() {
  return {
      {{2, 1}, {1, 6, 6, 3}, 5, 4, 4, true},   {{2, 1}, {1, 7, 5, 9}, 6, 4, 4, true},
      {{2, 1}, {2, 4, 4, 32}, 40, 4, 4},       {{2, 1}, {1, 8, 4, 64}, 40, 4, 4, true},
      {{1, 1}, {1, 9, 8, 16}, 72, 3, 3, true},
  };
}

TEST_CASE("conv2d on the GPU: every version equals the reference in every layout") {
  CHECK(conv2d_small().size() + conv2d_large().size() >= 40);
  for (const KernelVersion& version : emulated::conv2d_versions) {
    CAPTURE(version.name);
    const Kernels& kernels = version.entries;
    for (const auto& problems : {conv2d_small(), conv2d_large(), ways()}) {
      for (const Conv2dProblem& problem : problems) {
        for (const OpCase& op : conv2d_passes(version, problem))
          check_ok(check_kernel(op, kernels));
      }
    }
  }
}

TEST_CASE("conv2d on the GPU: the large tiles, which only problems with many of them use") {
  for (const KernelVersion& version : emulated::conv2d_versions) {
    if (version.entries.conv2d_filter_grad == nullptr) continue;
    CAPTURE(version.name);
    const Kernels& kernels = version.entries;
    for (const Conv2dProblem& problem : {Conv2dProblem{{1, 0}, {1, 130, 131, 40}, 40, 1, 1, true},
                                         Conv2dProblem{{1, 0}, {1, 3, 5, 1288}, 1416, 1, 1}}) {
      for (const OpCase& op : conv2d_passes(version, problem)) {
        check_ok(check_kernel(op, kernels, {.write = Write::accumulate}));
      }
    }
  }
}

TEST_CASE("conv2d on the GPU: the same bits in every schedule") {
  for (const KernelVersion& version : emulated::conv2d_versions) {
    CAPTURE(version.name);
    for (const Conv2dProblem& problem : ways()) {
      for (const OpCase& op : conv2d_passes(version, problem)) {
        const int count = version.entries.conv2d_filter_grad == nullptr ? 4
                          : problem.x.c > 16                            ? 8
                                                                        : 32;
        check_ok(check_schedules(op, version.entries, count));
      }
    }
  }
}

TEST_CASE("conv2d on the GPU: a wrong kernel is found") {
  Kernels wrong = emulated::kernels;
  wrong.conv2d = [](const Launch& launch, Conv2dGeometry geometry, View x, View w, View bias,
                    View y, Write write) {
    w.shape.c -= 1;
    x.shape.c -= 1;
    emulated::kernels.conv2d(launch, geometry, x, w, bias, y, write);
  };
  CHECK_FALSE(check_kernel(conv2d({{2, 1}, {1, 8, 8, 3}, 16, 4, 4}), wrong).empty());
}

#if defined(DAGAN_HAS_CHECKED)

TEST_CASE("conv2d on the GPU: no version has a data race") {
  for (const KernelVersion& version : checked::conv2d_versions) {
    CAPTURE(version.name);
    for (const Conv2dProblem& problem : ways()) {
      for (const OpCase& op : conv2d_passes(version, problem)) {
        check_ok(check_races(op, version.entries));
      }
    }
  }
}

// What the lines of one file did: reads of shared memory, or of global memory.
emulator::AccessCounts counts_of(const emulator::AccessCounters& counters, const char* file,
                                 emulator::AccessKind kind, bool shared) {
  emulator::AccessCounts sum;
  for (const emulator::LineCounts& line : counters.by_line()) {
    const bool here = line.line.find(file) != std::string::npos;
    if (here && line.kind == kind && line.shared == shared) sum += line.counts;
  }
  return sum;
}

TEST_CASE("conv2d on the GPU: no bank conflict in the inner loop, no sector too many") {
  for (const KernelVersion& version : checked::conv2d_versions) {
    if (version.entries.conv2d_filter_grad == nullptr) continue;
    CAPTURE(version.name);
    const Kernels& kernels = version.entries;
    for (const OpCase& op : conv2d_passes(version, {{2, 1}, {4, 16, 16, 32}, 64, 4, 4})) {
      CAPTURE(op.name);
      emulator::AccessCounters counters;
      BoundCase bound(op, kernels);
      emulator::observer() = &counters;
      bound.run();
      emulator::observer() = nullptr;
      const bool mma = std::string(version.name) != "implicit_gemm";
      const auto inner = counts_of(counters, mma ? "mma_product.cuh" : "fma_product.cuh",
                                   emulator::AccessKind::read, true);
      CHECK(inner.ideal_passes > 0);
      CHECK(inner.passes == inner.ideal_passes);
      const auto loads = counts_of(counters, "loaders.cuh", emulator::AccessKind::read, false);
      CHECK(loads.ideal_sectors > 0);
      CHECK(double(loads.sectors) <= 1.1 * double(loads.ideal_sectors));
      const auto stores = counts_of(counters, "kernel.cuh", emulator::AccessKind::write, false);
      CHECK(stores.ideal_sectors > 0);
      CHECK(double(stores.sectors) <= 1.1 * double(stores.ideal_sectors));
    }
  }
}

TEST_CASE("conv2d on the GPU: what each version asks of memory for one layer") {
  const OpCase op = conv2d({{2, 1}, {4, 16, 16, 32}, 64, 4, 4});
  std::int64_t first = 0, last = 0;
  for (const KernelVersion& version : checked::conv2d_versions) {
    if (version.dtype != DType::f32) continue;
    const auto totals = count_accesses(op, version.entries);
    MESSAGE(std::string(version.name), ": ", totals.global.sectors, " sectors of ",
            totals.global.ideal_sectors, ", ", totals.shared.passes,
            " passes through shared memory of ", totals.shared.ideal_passes);
    last = totals.global.sectors;
    if (first == 0) first = last;
  }
  CHECK(last * 4 < first);
}

#endif

}  // namespace
}  // namespace cases
}  // namespace dagan
