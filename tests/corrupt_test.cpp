#include "tests/cases/corrupt.h"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <vector>

#include "kernels/backend.h"

namespace dagan {
namespace {

using Floats = std::vector<float>;

const Kernels& kernels() { return *cpu_backend().kernels; }

// Every element of a batch is another number in [-1,1], so that its origin can be told.
Floats distinct(Shape shape) {
  Floats x(std::size_t(shape.size()));
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = 2 * float(i) / float(x.size()) - 1;
  return x;
}

Floats corrupt(const Floats& x, Shape shape, std::uint32_t step, CorruptGeometry geometry) {
  Floats y(x.size());
  kernels().corrupt({}, geometry, view_of(&step, Shape{}, DType::u32), view_of(x.data(), shape),
                    view_of(y.data(), shape));
  return y;
}

Floats augment(const Floats& x, Shape shape, std::uint32_t step, AugmentGeometry geometry) {
  Floats y(x.size());
  kernels().augment({}, geometry, view_of(&step, Shape{}, DType::u32), view_of(x.data(), shape),
                    view_of(y.data(), shape));
  return y;
}

TEST_CASE("corrupt equals its reference, inside its buffers, for any threads") {
  const Shape shapes[] = {{1, 1, 1, 1},  {2, 5, 7, 1},   {3, 9, 4, 3}, {1, 16, 16, 1},
                          {5, 8, 33, 2}, {2, 64, 72, 1}, {4, 3, 1, 3}};
  for (const Shape& shape : shapes)
    for (const std::uint32_t step : {0u, 1u, 77u, 4294967295u}) {
      const auto full =
          cases::corrupt(shape, step, {.seed = 5 + (std::uint64_t(step) << 33), .rectangles = 5});
      CHECK(cases::check_kernel(full, kernels()) == "");
      CHECK(cases::check_threads(full, kernels()) == "");
      const auto quiet = cases::corrupt(shape, step, {.seed = 9, .side_max = 1, .noise = 0});
      CHECK(cases::check_kernel(quiet, kernels()) == "");
    }
}

TEST_CASE("augment equals its reference, inside its buffers, for any threads") {
  for (const Shape& shape : {Shape{3, 6, 9, 1}, Shape{4, 1, 5, 3}, Shape{2, 33, 2, 1}})
    for (const std::uint32_t step : {0u, 1u, 2u, 3u, 900u}) {
      const auto op = cases::augment(
          shape, step,
          {.seed = 3, .flip_horizontal = step % 2 == 0, .flip_vertical = step > 1, .shift = 7});
      CHECK(cases::check_kernel(op, kernels()) == "");
      CHECK(cases::check_threads(op, kernels()) == "");
    }
}

TEST_CASE("Rectangles lie inside, have the sides that were asked for, and use every kind") {
  const CorruptGeometry geometry = {.seed = 4, .rectangles = 3, .side_min = 0.1f, .side_max = 0.3f};
  const Shape x = {7, 41, 60, 1};
  std::vector<int> counts(4), donors(7);
  int pasted = 0, rectangles = 0;
  for (std::uint32_t step = 0; step < 300; ++step)
    for (std::int64_t image = 0; image < x.n; ++image) {
      const int count = rectangle_count(geometry, step, image);
      REQUIRE((count >= 0 && count <= 3));
      ++counts[std::size_t(count)];
      for (int r = 0; r < count; ++r, ++rectangles) {
        const Damage d = rectangle(geometry, step, x, image, r);
        CHECK((d.height >= 4 && d.height <= 12 && d.width >= 6 && d.width <= 18));
        CHECK((d.top >= 0 && d.top + d.height <= x.h && d.left >= 0 && d.left + d.width <= x.w));
        CHECK((d.donor_top >= 0 && d.donor_top + d.height <= x.h));
        CHECK((d.donor_left >= 0 && d.donor_left + d.width <= x.w));
        CHECK((d.donor >= 0 && d.donor < x.n && d.donor != image));
        CHECK(std::abs(d.brightness) <= geometry.brightness);
        ++donors[std::size_t(d.donor)];
        pasted += d.paste;
      }
    }
  for (const int count : counts) CHECK(count == doctest::Approx(525).epsilon(0.15));
  for (const int count : donors) CHECK(count == doctest::Approx(rectangles / 7.0).epsilon(0.15));
  CHECK(pasted == doctest::Approx(rectangles / 2.0).epsilon(0.1));
}

TEST_CASE("Pasted content comes unchanged from another image of the batch") {
  const Shape shape = {4, 24, 20, 1};
  const std::int64_t size = shape.h * shape.w;
  const Floats x = distinct(shape);
  const CorruptGeometry geometry = {.seed = 1, .rectangles = 2, .brightness = 0, .noise = 0};
  int foreign = 0;
  for (std::uint32_t step = 0; step < 40; ++step) {
    const Floats y = corrupt(x, shape, step, geometry);
    for (std::int64_t i = 0; i < shape.size(); ++i) {
      if (y[std::size_t(i)] == x[std::size_t(i)]) continue;
      const auto origin =
          std::int64_t(std::lround((y[std::size_t(i)] + 1) / 2 * float(shape.size())));
      REQUIRE((origin >= 0 && origin < shape.size()));
      CHECK(x[std::size_t(origin)] == y[std::size_t(i)]);
      CHECK(origin / size != i / size);
      ++foreign;
    }
  }
  CHECK(foreign > 500);
}

TEST_CASE("With one image the donor is that image, and nothing leaves [-1,1] without noise") {
  const Shape shape = {1, 16, 16, 3};
  const Floats x = distinct(shape);
  bool changed = false;
  for (std::uint32_t step = 0; step < 30; ++step) {
    const Floats y = corrupt(x, shape, step, {.seed = 2, .side_max = 5, .noise = 0});
    changed |= y != x;
    for (const float value : y) CHECK(std::abs(value) <= 1);
  }
  CHECK(changed);
}

TEST_CASE("The noise is normal, independent, and of the deviation that was asked for") {
  const Shape shape = {8, 64, 64, 1};
  const Floats x(std::size_t(shape.size()), 0.25f);
  const CorruptGeometry geometry = {.seed = 11, .rectangles = 0, .noise = 0.1f};
  const Floats y = corrupt(x, shape, 3, geometry);
  double sum = 0, squares = 0, fourth = 0, neighbours = 0;
  int beyond = 0;
  for (std::size_t i = 0; i < y.size(); ++i) {
    const double z = (y[i] - 0.25) / 0.1;
    sum += z;
    squares += z * z;
    fourth += z * z * z * z;
    if (i > 0) neighbours += z * (y[i - 1] - 0.25) / 0.1;
    beyond += std::abs(z) > 1.959964;
  }
  const double count = double(y.size()), sigma = 1 / std::sqrt(count);
  CHECK(std::abs(sum / count) < 4 * sigma);
  CHECK(std::abs(squares / count - 1) < 4 * std::sqrt(2.0) * sigma);
  CHECK(std::abs(fourth / count - 3) < 4 * std::sqrt(96.0) * sigma);
  CHECK(std::abs(neighbours / count) < 4 * sigma);
  CHECK(std::abs(beyond / count - 0.05) < 4 * std::sqrt(0.05 * 0.95) * sigma);
}

TEST_CASE("Vectors of normal numbers have the bits of normal_pair") {
  const Shape shape = {3, 37, 29, 1};
  const std::int64_t size = shape.h * shape.w;
  const Floats x(std::size_t(shape.size()), 0.5f);
  const CorruptGeometry geometry = {.seed = 0x123456789abcdefu, .rectangles = 0, .noise = 0.1f};
  const Floats y = corrupt(x, shape, 99, geometry);
  int different = 0;
  for (std::int64_t i = 0; i < shape.size(); ++i) {
    const auto words = draw(geometry.seed, 99, i / size, Draw::noise, i % size / 4);
    const std::size_t half = std::size_t(i % size % 4 / 2 * 2);
    const Pair pair = normal_pair(words[half], words[half + 1]);
    const float want = std::fma(0.1f, i % size % 2 ? pair.second : pair.first, 0.5f);
    different += std::memcmp(&want, &y[std::size_t(i)], sizeof want) != 0;
  }
  CHECK(different == 0);
}

TEST_CASE("normal_pair is Box and Muller's, and a few of its bits are fixed") {
  for (std::uint64_t i = 0; i < 2000; ++i) {
    auto words = Philox{1}.words(0, i);
    if (i < 16) words[0] = i % 2 ? 0xffffffffu : 0, words[1] = std::uint32_t(i / 2 << 29);
    const double u = (double(words[0] >> 8) + 1) / 0x1p24;
    const double angle = 2 * 3.14159265358979323846 * double(words[1]) / 0x1p32;
    const double radius = std::sqrt(-2 * std::log(u));
    const Pair pair = normal_pair(words[0], words[1]);
    CHECK(std::abs(pair.first - radius * std::cos(angle)) < 2e-6);
    CHECK(std::abs(pair.second - radius * std::sin(angle)) < 2e-6);
  }
  const Pair pair = normal_pair(0x6627e8d5u, 0xe169c58du);
  CHECK(std::bit_cast<std::uint32_t>(pair.first) == 0x3f7dbb31u);
  CHECK(std::bit_cast<std::uint32_t>(pair.second) == 0xbf6cb6afu);
}

TEST_CASE("The same step gives the same damage; another step, seed or image gives another") {
  const Shape shape = {2, 16, 16, 1};
  const Floats x(std::size_t(shape.size()), 0.0f);
  const Floats y = corrupt(x, shape, 5, {.seed = 1});
  CHECK(y == corrupt(x, shape, 5, {.seed = 1}));
  CHECK(y != corrupt(x, shape, 6, {.seed = 1}));
  CHECK(y != corrupt(x, shape, 5, {.seed = 2}));
  CHECK(y != corrupt(x, shape, 5, {.seed = 1 + (std::uint64_t(1) << 32)}));
  CHECK(Floats(y.begin(), y.begin() + 256) != Floats(y.begin() + 256, y.end()));
}

TEST_CASE("augment only moves pixels, by every shift and flip that it may use") {
  const Shape shape = {1, 8, 8, 1};
  const Floats x = distinct(shape);
  CHECK(augment(x, shape, 3, {.seed = 1}) == x);
  int flipped = 0;
  std::vector<int> shifts(5);
  for (std::uint32_t step = 0; step < 400; ++step) {
    const Pose to = pose({.seed = 1, .flip_horizontal = true, .shift = 2}, step, 0);
    CHECK_FALSE(to.flip_vertical);
    flipped += to.flip_horizontal;
    ++shifts[std::size_t(to.down + 2)];
    ++shifts[std::size_t(to.right + 2)];
  }
  CHECK(flipped == doctest::Approx(200).epsilon(0.15));
  for (const int count : shifts) CHECK(count == doctest::Approx(160).epsilon(0.25));
  CHECK(source_pixel(0, 8, 1, false) == 1);
  CHECK(source_pixel(0, 8, -1, false) == 1);
  CHECK(source_pixel(7, 8, -1, false) == 6);
  CHECK(source_pixel(7, 8, -1, true) == 1);
  CHECK(source_pixel(0, 1, 5, false) == 0);
  CHECK(source_pixel(0, 3, 9, false) == 1);
}

}  // namespace
}  // namespace dagan
