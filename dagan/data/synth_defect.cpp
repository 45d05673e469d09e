#include <algorithm>
#include <cstdlib>

#include "dagan/data/synth_parts.h"

namespace dagan::synth {
namespace {

// A brightness that the surface does not have: dark in `dark` of three cases.
std::int32_t dark_or_bright(Random& random, std::int32_t dark) {
  const bool is_dark = random.between(1, 3) <= dark;
  return (is_dark ? random.between(22, 56) : random.between(194, 232)) * 256;
}

// Weighted squared distance from a centre in 256ths of the squared radius: below 256 inside.
struct Blob {
  Point centre;
  std::int32_t radius_x, radius_y, lean;  // lean: in 256ths, how far y moves with x
  Field outline;
  std::int32_t roughness;  // weight of the outline's noise

  Blob(Random& random, std::int32_t smallest, std::int32_t largest, std::int32_t rough)
      : radius_x(random.between(smallest, largest)),
        radius_y(radius_x * random.between(150, 256) / 256),
        lean(random.between(-150, 150)),
        outline(random, std::max(radius_x / 2, kUnit), std::max(radius_x / 2, kUnit)),
        roughness(rough) {
    const std::int32_t border = largest + 4 * kUnit;
    centre = {random.between(border, kSide - border), random.between(border, kSide - border)};
  }

  std::int32_t distance(Point p) const {
    const std::int64_t dx = p.x - centre.x, dy = p.y - centre.y + dx * lean / 256;
    const std::int64_t x2 = dx * dx * 256 / (std::int64_t(radius_x) * radius_x);
    const std::int64_t y2 = dy * dy * 256 / (std::int64_t(radius_y) * radius_y);
    const std::int64_t round = std::min<std::int64_t>(x2 + y2, 4096);
    return std::int32_t(round * (256 + outline.at(p) * roughness / 256) / 256);
  }
};

// A speck of dirt or a bare place: a small blob with a hard edge, darker or brighter.
class Spot final : public Defect {
 public:
  explicit Spot(Random random)
      : blob_(random, 3 * kUnit, 6 * kUnit, 110), level_(dark_or_bright(random, 2)) {}

  std::int32_t weight(const Surface&, Point p) const override {
    return std::clamp((256 - blob_.distance(p)) * 3, 0, kFull);
  }

  Colour apply(const Surface&, Point, const Colour& good, std::int32_t weight) const override {
    return mix(good, grey(level_), weight * 7 / 8);
  }

 private:
  Blob blob_;
  std::int32_t level_;
};

// A wet or oily place: darker, with a darker rim, and the pattern still showing.
class Stain final : public Defect {
 public:
  explicit Stain(Random random)
      : blob_(random, 7 * kUnit, 14 * kUnit, 100), depth_(random.between(80, 120)) {}

  std::int32_t weight(const Surface&, Point p) const override {
    return std::clamp((256 - blob_.distance(p)) * 5, 0, kFull);
  }

  Colour apply(const Surface&, Point p, const Colour& good, std::int32_t weight) const override {
    const std::int32_t inside = blob_.distance(p);  // 256 at the rim
    const std::int32_t depth = depth_ * std::clamp(inside * inside / 256, 140, 256) / 256;
    return scaled(good, 256 - depth * weight / kFull);
  }

 private:
  Blob blob_;
  std::int32_t depth_;
};

// A thin bent line, bright where it was torn open, or dark.
class Scratch final : public Defect {
 public:
  explicit Scratch(Random random)
      : radius_(random.between(kUnit * 7 / 8, kUnit * 3 / 2)), level_(dark_or_bright(random, 1)) {
    const std::int32_t border = 6 * kUnit;
    const auto inside = [&](std::int32_t value) {
      return std::clamp(value, border, kSide - border);
    };
    Point ends[2], reach;
    do {
      ends[0] = {random.between(border, kSide - border), random.between(border, kSide - border)};
      reach = {random.between_units(-50, 50), random.between_units(-50, 50)};
      ends[1] = {inside(ends[0].x + reach.x), inside(ends[0].y + reach.y)};
    } while (std::abs(ends[1].x - ends[0].x) + std::abs(ends[1].y - ends[0].y) < 24 * kUnit);
    const Point bend = {
        inside((ends[0].x + ends[1].x) / 2 + random.between_units(-8, 8)),
        inside((ends[0].y + ends[1].y) / 2 + random.between_units(-8, 8)),
    };
    for (std::int32_t t = 0; t <= kSteps; ++t) {
      const auto curve = [&](std::int32_t a, std::int32_t b, std::int32_t c) {
        const std::int64_t s = kSteps - t;
        return std::int32_t((s * s * a + 2 * s * t * b + std::int64_t(t) * t * c) /
                            (kSteps * kSteps));
      };
      path_.push_back({curve(ends[0].x, bend.x, ends[1].x), curve(ends[0].y, bend.y, ends[1].y)});
      const std::int32_t taper = std::min({t * 10, (kSteps - t) * 10, 256});
      pressure_.push_back(taper * random.between(200, 256) / 256);
    }
  }

  std::int32_t weight(const Surface&, Point p) const override {
    std::int32_t most = 0;
    for (std::size_t i = 0; i < path_.size(); ++i) {
      const std::int64_t dx = p.x - path_[i].x, dy = p.y - path_[i].y;
      const std::int64_t distance = (dx * dx + dy * dy) * 256 / (std::int64_t(radius_) * radius_);
      if (distance < 256)
        most =
            std::max(most, std::min((256 - std::int32_t(distance)) * 2, 256) * pressure_[i] / 256);
    }
    return most;
  }

  Colour apply(const Surface&, Point, const Colour& good, std::int32_t weight) const override {
    return mix(good, grey(level_), weight * 13 / 16);
  }

 private:
  static constexpr std::int32_t kSteps = 96;
  std::int32_t radius_, level_;
  std::vector<Point> path_;
  std::vector<std::int32_t> pressure_;
};

class Missing final : public Defect {
 public:
  std::int32_t weight(const Surface& surface, Point p) const override { return surface.missing(p); }

  Colour apply(const Surface& surface, Point p, const Colour& good,
               std::int32_t weight) const override {
    return mix(good, surface.without(p), weight);
  }
};

}  // namespace

std::unique_ptr<Defect> make_spot(Random random) { return std::make_unique<Spot>(random); }
std::unique_ptr<Defect> make_scratch(Random random) { return std::make_unique<Scratch>(random); }
std::unique_ptr<Defect> make_stain(Random random) { return std::make_unique<Stain>(random); }
std::unique_ptr<Defect> make_missing(Random) { return std::make_unique<Missing>(); }

}  // namespace dagan::synth
