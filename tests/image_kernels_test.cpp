#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "kernels/backend.h"
#include "tests/cases/image.h"
#include "tests/golden/resize.h"

namespace dagan {
namespace {

const Kernels& kernels() { return *cpu_backend().kernels; }

template <class T>
std::vector<float> resize(Levels levels, const std::vector<T>& x, Shape from, Shape to,
                          DType type) {
  std::vector<float> y(std::size_t(to.size()), NAN);
  std::vector<double> scratch(
      std::size_t(kernels().image_normalise_resize_scratch(from, to) / 8 + 1));
  kernels().image_normalise_resize({.scratch = reinterpret_cast<std::byte*>(scratch.data())},
                                   levels, view_of(x.data(), from, type), view_of(y.data(), to));
  return y;
}

TEST_CASE("image_normalise_resize equals its reference, inside its buffers, for any threads") {
  struct Extents {
    std::int64_t h, w, p, q;
  };
  const Extents extents[] = {{13, 17, 5, 6}, {9, 33, 4, 40}, {6, 5, 13, 9},   {1, 1, 3, 2},
                             {7, 7, 7, 7},   {64, 48, 7, 5}, {31, 16, 1, 16}, {5, 40, 64, 1}};
  for (const auto& [h, w, p, q] : extents)
    for (const std::int64_t channels : {1, 2, 3})
      for (const DType type : {DType::u8, DType::u16, DType::f32}) {
        const Levels levels = type == DType::f32   ? kAsIs
                              : type == DType::u16 ? Levels{300, 60000}
                                                   : Levels{0, 255};
        const auto op = cases::image_normalise_resize({2, h, w, channels}, type, p, q, levels);
        CHECK(cases::check_kernel(op, kernels()) == "");
        CHECK(cases::check_threads(op, kernels()) == "");
      }
}

TEST_CASE("image_normalise_resize equals Pillow's BILINEAR on float images") {
  for (const golden::Resize& want : golden::kResize) {
    const Shape from = {1, want.height, want.width, 1};
    const Shape to = {1, want.target_height, want.target_width, 1};
    std::vector<std::uint16_t> x(std::size_t(from.size()));
    for (std::size_t i = 0; i < x.size(); ++i)
      x[i] = std::uint16_t((std::uint32_t(i + 1) * 2654435761u >> 8) & std::uint32_t(want.largest));
    const auto y = resize(kAsIs, x, from, to, DType::u16);
    REQUIRE(y.size() == want.values.size());
    for (std::size_t i = 0; i < y.size(); ++i)
      CHECK(std::abs(y[i] - want.values[i]) <= 4e-7f * float(want.largest));
  }
}

TEST_CASE("Equal extents and outer levels are exact") {
  std::vector<std::uint8_t> bytes = {0, 1, 127, 128, 254, 255};
  const auto y = resize({0, 255}, bytes, {1, 2, 3, 1}, {1, 2, 3, 1}, DType::u8);
  CHECK(y[0] == -1);
  CHECK(y[5] == 1);
  CHECK(y[1] == doctest::Approx(2.0 / 255 - 1).epsilon(1e-7));

  const auto outside = resize({100, 200}, bytes, {1, 2, 3, 1}, {1, 2, 3, 1}, DType::u8);
  CHECK(outside[0] == -3);
  CHECK(outside[5] == doctest::Approx(2.1));

  const std::vector<float> map = {1e-9f, 0.1f, -3.3f, 7e8f};
  CHECK(resize(kAsIs, map, {1, 2, 2, 1}, {1, 2, 2, 1}, DType::f32) == map);
}

TEST_CASE("A constant picture stays that constant") {
  const std::vector<std::uint16_t> x(97 * 61 * 3, 51234);
  for (const float value : resize({0, 65535}, x, {1, 97, 61, 3}, {1, 10, 120, 3}, DType::u16))
    CHECK(std::abs(value - (2 * 51234 / 65535.0 - 1)) < 1e-6);
}

}  // namespace
}  // namespace dagan
