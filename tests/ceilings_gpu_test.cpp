// The kernels that only multiply, executed by the emulator: that they do what they are timed for.
#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <vector>

#include "kernels/ceilings/ceilings.h"

namespace dagan {
namespace emulated {
extern const Ceilings ceilings;
}

namespace {

// Every thread's result; `operand` is what it multiplies.
std::vector<float> run(CeilingFn* kernel, int rounds, float operand) {
  constexpr int kBlocks = 2;
  std::vector<float> sink(kBlocks * kCeilingThreads, operand);
  kernel({}, kBlocks, rounds, sink.data());
  return sink;
}

bool all_equal(const std::vector<float>& values, float expected) {
  return std::all_of(values.begin(), values.end(), [&](float value) { return value == expected; });
}

TEST_CASE("ceilings: each kernel does the operations that it is credited with") {
  // 16 sums that begin at 0 to 15: one round makes i/2 + 1/2 of i.
  CHECK(all_equal(run(emulated::ceilings.multiply_add, 1, 0.5f), 68));
  CHECK(emulated::ceilings.multiply_add_flop == 2 * 16 * kCeilingThreads);
  // Ones: every element of 8 tiles grows by the depth of a product in each round.
  CHECK(all_equal(run(emulated::ceilings.products_tf32, 3, 1), 8 * 4 * 3 * 8));
  const float two_ones = std::bit_cast<float>(0x3f803f80u);
  CHECK(all_equal(run(emulated::ceilings.products_bf16, 3, two_ones), 8 * 4 * 3 * 16));
  CHECK(emulated::ceilings.products_bf16_flop == 2 * emulated::ceilings.products_tf32_flop);
}

}  // namespace
}  // namespace dagan
