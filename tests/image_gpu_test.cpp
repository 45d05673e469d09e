// The resize on the GPU, executed by the emulator.
#include <doctest/doctest.h>

#include "kernels/backend.h"
#include "tests/cases/image.h"
#include "tests/checked.h"
#include "tests/gpu_checks.h"

namespace dagan::cases {
namespace {

struct Resize {
  Shape x;
  std::int64_t height, width;
};

// Rows of one piece of shared memory and of several, taps across their borders, larger and smaller.
constexpr Resize kResizes[] = {{{1, 3, 9000, 1}, 2, 5},    {{1, 2, 3000, 3}, 2, 2},
                               {{1, 4, 1400, 3}, 3, 700},  {{2, 5, 257, 3}, 7, 300},
                               {{1, 33, 4097, 1}, 4, 257}, {{1, 1, 1, 4}, 3, 3}};

TEST_CASE("image gpu: rows that pass through shared memory in pieces") {
  for (const Resize& r : kResizes)
    for (const DType type : {DType::u8, DType::u16, DType::f32}) {
      const OpCase op = image_normalise_resize(r.x, type, r.height, r.width, {0, 200});
      CHECK(check_kernel(op, *emulated_backend().kernels) == "");
      CHECK(check_schedules(op, *emulated_backend().kernels, 2) == "");
    }
}

TEST_CASE("image gpu: a picture that is reduced beyond all measure is refused") {
  const OpCase op = image_normalise_resize({1, 20000, 2, 1}, DType::u8, 1, 2, {0, 255});
  CHECK_THROWS_WITH(check_kernel(op, *emulated_backend().kernels),
                    doctest::Contains("more than 6000 times"));
}

TEST_CASE("image gpu: no races, few sectors too many, few bank conflicts") {
  if (!checked_kernels()) return;
  for (const Resize& r : {Resize{{1, 64, 1024, 3}, 4, 64}, Resize{{1, 64, 1024, 1}, 4, 64}}) {
    const OpCase op = image_normalise_resize(r.x, DType::u8, r.height, r.width, {0, 255});
    CHECK(check_races(op, *checked_kernels()) == "");
    const auto moved = count_accesses(op, *checked_kernels());
    CHECK(double(moved.global.sectors) <= 1.1 * double(moved.global.ideal_sectors));
    CHECK(double(moved.shared.passes) <= 1.5 * double(moved.shared.ideal_passes));
  }
}

}  // namespace
}  // namespace dagan::cases
