// What a synthetic picture is made of: random numbers, smooth noise, a surface, a defect. Lengths
// are in 256ths of a unit, 128 units to the picture's side whatever its size in pixels; brightness
// is in 256ths of a grey level; a weight is 0 to 256.
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/random.h"

namespace dagan::synth {

inline constexpr std::int32_t kUnit = 256, kSide = 128 * kUnit;
inline constexpr std::int32_t kFull = 256;  // the largest weight

struct Point {
  std::int32_t x, y;
};

constexpr std::int32_t floor_div(std::int32_t a, std::int32_t b) {
  return a >= 0 ? a / b : -((b - 1 - a) / b);
}

constexpr std::int32_t mix(std::int32_t a, std::int32_t b, std::int32_t weight) {
  return a + floor_div((b - a) * weight, kFull);
}

// Numbers for one purpose of one picture.
class Random {
 public:
  Random(std::uint64_t seed, std::uint64_t stream) : philox_{seed}, stream_(stream) {}

  std::uint32_t word() {
    if (used_ % 4 == 0) words_ = philox_.words(stream_, used_ / 4);
    return words_[used_++ % 4];
  }
  std::int32_t between(std::int32_t low, std::int32_t high) {  // both included
    return low + std::int32_t(below(std::uint32_t(high - low + 1), word()));
  }
  std::int32_t between_units(std::int32_t low, std::int32_t high) {
    return between(low * kUnit, high * kUnit);
  }

 private:
  Philox philox_;
  std::uint64_t stream_, used_ = 0;
  std::array<std::uint32_t, 4> words_ = {};
};

// Smooth noise in [-256, 256]: random numbers on a lattice of cells, blended in between.
class Field {
 public:
  Field(Random&, std::int32_t cell_width, std::int32_t cell_height);
  std::int32_t at(Point) const;

 private:
  std::int32_t width_, height_, columns_, rows_;
  std::vector<std::int16_t> values_;  // (rows, columns)
};

// How bright a place is: grey for pictures of one channel, red, green and blue for those of three.
struct Colour {
  std::array<std::int32_t, 4> levels;
};

constexpr Colour tinted(std::int32_t level, std::array<std::int32_t, 3> tint) {
  return {level, level * tint[0] / 256, level * tint[1] / 256, level * tint[2] / 256};
}

constexpr Colour grey(std::int32_t level) { return {level, level, level, level}; }

constexpr Colour scaled(Colour colour, std::int32_t factor) {
  for (std::int32_t& level : colour.levels) level = level * factor / 256;
  return colour;
}

constexpr Colour mix(Colour a, const Colour& b, std::int32_t weight) {
  for (std::size_t i = 0; i < a.levels.size(); ++i)
    a.levels[i] = mix(a.levels[i], b.levels[i], weight);
  return a;
}

class Surface {
 public:
  virtual ~Surface() = default;
  virtual Colour at(Point) const = 0;
  // One element of the pattern (a thread, a stripe) can be missing along a stretch: how much of it
  // is missing here, and what is seen in its place.
  virtual std::int32_t missing(Point) const = 0;
  virtual Colour without(Point) const = 0;
};

std::unique_ptr<Surface> make_weave(Random);
std::unique_ptr<Surface> make_stripes(Random);

class Defect {
 public:
  virtual ~Defect() = default;
  virtual std::int32_t weight(const Surface&, Point) const = 0;
  virtual Colour apply(const Surface&, Point, const Colour&, std::int32_t weight) const = 0;
};

std::unique_ptr<Defect> make_spot(Random);
std::unique_ptr<Defect> make_scratch(Random);
std::unique_ptr<Defect> make_stain(Random);
std::unique_ptr<Defect> make_missing(Random);

}  // namespace dagan::synth
