#include "dagan/report/colour.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace dagan {
namespace {

using Linear = std::array<double, 3>;  // linear sRGB

Linear linear_of_oklab(double lightness, double chroma, double hue) {
  const double a = chroma * std::cos(hue), b = chroma * std::sin(hue);
  const auto cube = [](double x) { return x * x * x; };
  const double l = cube(lightness + 0.3963377774 * a + 0.2158037573 * b);
  const double m = cube(lightness - 0.1055613458 * a - 0.0638541728 * b);
  const double s = cube(lightness - 0.0894841775 * a - 1.2914855480 * b);
  return {4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
          -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
          -0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s};
}

std::uint8_t encoded(double linear) {
  const double v = linear <= 0.0031308 ? 12.92 * linear : 1.055 * std::pow(linear, 1 / 2.4) - 0.055;
  return std::uint8_t(std::lround(255 * std::clamp(v, 0.0, 1.0)));
}

Rgb scale_at(double t) {
  const double lightness = 0.10 + 0.86 * t;
  const double hue = (285 + 180 * t) * std::numbers::pi / 180;
  const double chroma = 0.02 + 0.15 * std::sin(std::numbers::pi * t);  // as high as sRGB allows
  const Linear colour = linear_of_oklab(lightness, chroma, hue);
  return {encoded(colour[0]), encoded(colour[1]), encoded(colour[2])};
}

constexpr int kSteps = 256;

std::array<Rgb, kSteps> make_scale() {
  std::array<Rgb, kSteps> scale;
  for (int i = 0; i < kSteps; ++i) scale[std::size_t(i)] = scale_at(double(i) / (kSteps - 1));
  return scale;
}

}  // namespace

Rgb heat_colour(float t) {
  static const std::array<Rgb, kSteps> scale = make_scale();
  if (!(t > 0)) return scale[0];
  return scale[std::size_t(std::lround(std::min(t, 1.0f) * (kSteps - 1)))];
}

Rgb mix(Rgb a, Rgb b, float share) {
  const auto channel = [&](std::uint8_t from, std::uint8_t to) {
    return std::uint8_t(std::lround(float(from) + share * (float(to) - float(from))));
  };
  return {channel(a.r, b.r), channel(a.g, b.g), channel(a.b, b.b)};
}

}  // namespace dagan
