#include <algorithm>
#include <cstdlib>

#include "dagan/data/synth_parts.h"

namespace dagan::synth {
namespace {

constexpr std::int32_t kMargin = 16 * kUnit;  // how far a distorted point may leave the picture

// 0 at both ends of a period, 256 in its middle: a parabola.
std::int32_t arch(std::int32_t position, std::int32_t period) {
  const std::int32_t t = position * 256 / period;  // 0 to 255
  return 4 * t * (256 - t) / 256;
}

// 0 below -half, 256 above half, straight in between.
std::int32_t ramp(std::int32_t position, std::int32_t half) {
  return std::clamp((position + half) * kFull / (2 * half), 0, kFull);
}

// A stretch along a line, with soft ends.
struct Stretch {
  std::int32_t first, last;

  std::int32_t at(std::int32_t position) const {
    constexpr std::int32_t kSoft = kUnit;
    return std::min(ramp(position - first, kSoft), ramp(last - position, kSoft));
  }
};

Stretch random_stretch(Random& random, std::int32_t shortest, std::int32_t longest) {
  const std::int32_t length = random.between_units(shortest, longest);
  const std::int32_t first = random.between(4 * kUnit, kSide - length - 4 * kUnit);
  return {first, first + length};
}

// Plain weave: threads across each other, each over one and under the next.
class Weave final : public Surface {
 public:
  explicit Weave(Random random)
      : warp_wobble_(random, kPitch, 40 * kUnit),
        weft_wobble_(random, 40 * kUnit, kPitch),
        drift_(random, 48 * kUnit, 48 * kUnit),
        warp_fibres_(random, kUnit, 7 * kUnit),
        weft_fibres_(random, 7 * kUnit, kUnit) {
    offset_ = {random.between(0, 2 * kPitch), random.between(0, 2 * kPitch)};
    shear_x_ = random.between(-6, 6);
    shear_y_ = random.between(-6, 6);
    for (int side = 0; side < 2; ++side)
      for (std::int32_t& shade : shades_[side]) shade = random.between(-9 * 256, 9 * 256);
    gap_is_warp_ = random.between(0, 1) == 1;
    gap_thread_ = random.between(5, 13);
    gap_ = random_stretch(random, 22, 48);
  }

  Colour at(Point p) const override { return seen(crossing(p), p); }

  std::int32_t missing(Point p) const override {
    const Crossing c = crossing(p);
    if ((gap_is_warp_ ? c.warp : c.weft) != gap_thread_) return 0;
    return gap_.at(gap_is_warp_ ? p.y : p.x);
  }

  // Where the thread lay on top, the one below it is seen in its shadow; where it lay below, the
  // one on top sags.
  Colour without(Point p) const override {
    const Crossing c = crossing(p);
    Crossing other = c;
    other.warp_on_top = !gap_is_warp_;
    return scaled(seen(other, p), c.warp_on_top == gap_is_warp_ ? 136 : 206);
  }

 private:
  static constexpr std::int32_t kPitch = 9 * kUnit;
  static constexpr int kThreads = 22;
  static constexpr std::array<std::int32_t, 3> kWarpTint = {268, 256, 228};
  static constexpr std::array<std::int32_t, 3> kWeftTint = {224, 250, 274};

  struct Crossing {
    std::int32_t warp, weft;                // number of the thread
    std::int32_t across_warp, across_weft;  // arches
    bool warp_on_top;
  };

  Crossing crossing(Point p) const {
    const std::int32_t drift = drift_.at(p);
    const std::int32_t x =
        p.x + offset_.x + kMargin + p.y * shear_x_ / 256 + drift / 2 + warp_wobble_.at(p) * 5 / 4;
    const std::int32_t y =
        p.y + offset_.y + kMargin + p.x * shear_y_ / 256 - drift / 2 + weft_wobble_.at(p) * 5 / 4;
    const std::int32_t warp = x / kPitch, weft = y / kPitch;
    return {warp, weft, arch(x % kPitch, kPitch), arch(y % kPitch, kPitch), (warp + weft) % 2 == 0};
  }

  Colour seen(const Crossing& c, Point p) const {
    const std::int32_t across = c.warp_on_top ? c.across_warp : c.across_weft;
    const std::int32_t along = c.warp_on_top ? c.across_weft : c.across_warp;
    const std::int32_t fibres = (c.warp_on_top ? warp_fibres_ : weft_fibres_).at(p);
    const std::int32_t shade =
        c.warp_on_top ? shades_[0][c.warp % kThreads] : shades_[1][c.weft % kThreads];
    const std::int32_t base = (c.warp_on_top ? 64 : 54) * 256;
    const std::int32_t level = base + shade + 66 * across + 36 * along + 11 * fibres;
    return tinted(level, c.warp_on_top ? kWarpTint : kWeftTint);
  }

  Field warp_wobble_, weft_wobble_, drift_, warp_fibres_, weft_fibres_;
  Point offset_;
  std::int32_t shear_x_, shear_y_;
  std::int32_t shades_[2][kThreads];
  bool gap_is_warp_;
  std::int32_t gap_thread_;
  Stretch gap_;
};

// Painted stripes on brushed metal.
class Stripes final : public Surface {
 public:
  explicit Stripes(Random random)
      : ragged_(random, 2 * kUnit, 3 * kUnit),
        brushed_(random, 44 * kUnit, kUnit),
        streaks_(random, 80 * kUnit, 3 * kUnit),
        paint_(random, 5 * kUnit, 5 * kUnit) {
    offset_ = kMargin + random.between_units(-2, 2);
    shear_ = random.between(-5, 5);
    gap_stripe_ = random.between(2, kSide / kPitch - 1);
    gap_ = random_stretch(random, 7, 20);
  }

  Colour at(Point p) const override {
    const std::int32_t paint = 62 * 256 + 7 * paint_.at(p) + 3 * brushed_.at(p);
    return mix(metal(p), tinted(paint, kPaintTint), painted(p));
  }

  std::int32_t missing(Point p) const override {
    if (position(p) / kPitch != gap_stripe_) return 0;
    return painted(p) > 0 ? gap_.at(p.y + 2 * ragged_.at(p)) : 0;
  }

  Colour without(Point p) const override { return metal(p); }

 private:
  static constexpr std::int32_t kPitch = 16 * kUnit;
  static constexpr std::array<std::int32_t, 3> kMetalTint = {256, 257, 262};
  static constexpr std::array<std::int32_t, 3> kPaintTint = {150, 240, 400};

  std::int32_t position(Point p) const {
    return p.x + offset_ + p.y * shear_ / 256 + ragged_.at(p) / 3;
  }

  std::int32_t painted(Point p) const {
    constexpr std::int32_t kHalfWidth = 3 * kUnit + kUnit / 2;
    const std::int32_t from_middle = position(p) % kPitch - kPitch / 2;
    return ramp(kHalfWidth - std::abs(from_middle), kUnit * 3 / 4);
  }

  Colour metal(Point p) const {
    return tinted(158 * 256 + 18 * brushed_.at(p) + 12 * streaks_.at(p), kMetalTint);
  }

  Field ragged_, brushed_, streaks_, paint_;
  std::int32_t offset_, shear_, gap_stripe_;
  Stretch gap_;
};

}  // namespace

Field::Field(Random& random, std::int32_t cell_width, std::int32_t cell_height)
    : width_(cell_width),
      height_(cell_height),
      columns_(kSide / cell_width + 2),
      rows_(kSide / cell_height + 2),
      values_(std::size_t(columns_ * rows_)) {
  for (std::int16_t& value : values_) value = std::int16_t(random.between(-256, 256));
}

std::int32_t Field::at(Point p) const {
  const std::int32_t column = p.x / width_, row = p.y / height_;
  const auto weight = [](std::int32_t offset, std::int32_t cell) {
    const std::int32_t t = offset * 256 / cell;
    return t * t * (3 * 256 - 2 * t) / 65536;
  };
  const std::int32_t along = weight(p.x % width_, width_), down = weight(p.y % height_, height_);
  const std::int16_t* upper = &values_[std::size_t(row * columns_ + column)];
  const std::int16_t* lower = upper + columns_;
  return mix(mix(upper[0], upper[1], along), mix(lower[0], lower[1], along), down);
}

std::unique_ptr<Surface> make_weave(Random random) { return std::make_unique<Weave>(random); }
std::unique_ptr<Surface> make_stripes(Random random) { return std::make_unique<Stripes>(random); }

}  // namespace dagan::synth
