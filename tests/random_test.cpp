#include "core/random.h"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

namespace dagan {
namespace {

using Words = std::array<std::uint32_t, 4>;

// The counter is {index, stream}, the key is the seed, low words first.
TEST_CASE("Philox gives the known answers of Random123's kat_vectors") {
  CHECK(Philox{0}.words(0, 0) == Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  const std::uint64_t ones = ~std::uint64_t(0);
  CHECK(Philox{ones}.words(ones, ones) == Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  // The digits of pi.
  CHECK(Philox{0x299f31d0a4093822}.words(0x0370734413198a2e, 0x85a308d3243f6a88) ==
        Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("uniform is in [0,1) and even") {
  CHECK(uniform(0) == 0);
  CHECK(uniform(0xffffffffu) < 1);
  const int bins = 64, count = 64 * 1000;
  std::vector<int> histogram(bins);
  for (std::uint64_t i = 0; i < count / 4; ++i)
    for (const std::uint32_t word : Philox{7}.words(3, i))
      ++histogram[std::size_t(uniform(word) * bins)];
  double chi_squared = 0;  // mean 63, standard deviation 11.2
  for (const int n : histogram) chi_squared += (n - 1000.0) * (n - 1000.0) / 1000;
  CHECK(chi_squared > 63 - 4 * 11.2);
  CHECK(chi_squared < 63 + 4 * 11.2);
}

TEST_CASE("below reaches every integer and no other") {
  CHECK(below(1, 0xffffffffu) == 0);
  CHECK(below(10, 0) == 0);
  CHECK(below(10, 0xffffffffu) == 9);
  std::vector<int> histogram(7);
  for (std::uint64_t i = 0; i < 7000; ++i) ++histogram[below(7, Philox{1}.words(0, i)[0])];
  for (const int n : histogram) CHECK(n == doctest::Approx(1000).epsilon(0.13));
}

TEST_CASE("normal has mean 0 and variance 1 and is finite at the ends") {
  CHECK(std::isfinite(normal(0, 0)));
  CHECK(normal(0xffffffffu, 0) == 0);
  double sum = 0, squares = 0;
  const int count = 40000;
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto words = Philox{2}.words(0, i);
    const double z = double(normal(words[0], words[1]));
    sum += z;
    squares += z * z;
  }
  CHECK(std::abs(sum / count) < 0.02);
  CHECK(std::abs(squares / count - 1) < 0.03);
}

TEST_CASE("Streams, indices and seeds are unrelated") {
  const Words words = Philox{1}.words(1, 1);
  CHECK(words != Philox{2}.words(1, 1));
  CHECK(words != Philox{1}.words(2, 1));
  CHECK(words != Philox{1}.words(1, 2));
  CHECK(words == Philox{1}.words(1, 1));
}

}  // namespace
}  // namespace dagan
