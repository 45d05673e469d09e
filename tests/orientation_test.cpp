#include "dagan/train/orientation.h"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "core/random.h"

namespace dagan {
namespace {

constexpr std::int64_t kSize = 16, kCount = 40;

// Noise of deviation 0.2, on a ramp of the given slopes per pixel.
std::vector<float> images(double across, double down, std::int64_t channels) {
  std::vector<float> result;
  for (std::int64_t i = 0; i < kCount * kSize * kSize * channels; ++i) {
    const std::int64_t pixel = i / channels % (kSize * kSize);
    const auto words = Philox{7}.words(1, std::uint64_t(i));
    result.push_back(float(0.2 * normal(words[0], words[1]) + across * double(pixel % kSize) +
                           down * double(pixel / kSize)));
  }
  return result;
}

}  // namespace

TEST_CASE("noise has no orientation, a ramp has one in its own direction") {
  for (const std::int64_t channels : {1, 3}) {
    const Asymmetry none = measure_asymmetry(images(0, 0, channels), kSize, channels);
    CHECK(std::fabs(none.horizontal) < kHarmlessAsymmetry / 2);
    CHECK(std::fabs(none.vertical) < kHarmlessAsymmetry / 2);
    const Asymmetry across = measure_asymmetry(images(0.02, 0, channels), kSize, channels);
    CHECK(across.horizontal > kHarmlessAsymmetry);
    CHECK(across.vertical < kHarmlessAsymmetry);
    const Asymmetry down = measure_asymmetry(images(0, 0.02, channels), kSize, channels);
    CHECK(down.horizontal < kHarmlessAsymmetry);
    CHECK(down.vertical > kHarmlessAsymmetry);
  }
}

TEST_CASE("asymmetry is the formula's value") {
  // A ramp of slope s: m - flipped m = s (2 w - 15), whose mean square is 85 s^2; the variance is
  // 0.04.
  const double expected = 85 * 0.05 * 0.05 / (2 * 0.04);
  CHECK(measure_asymmetry(images(0.05, 0, 1), kSize, 1).horizontal ==
        doctest::Approx(expected).epsilon(0.05));
}

TEST_CASE("identical images that are not symmetric are oriented without limit") {
  std::vector<float> same = images(0.02, 0, 1);
  for (std::size_t i = 0; i < same.size(); ++i) same[i] = same[i % std::size_t(kSize * kSize)];
  CHECK(measure_asymmetry(same, kSize, 1).horizontal > 1e6);
}

}  // namespace dagan
