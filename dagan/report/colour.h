// Colours, and the one colour scale that every map is drawn on.
#pragma once
#include <cstdint>

namespace dagan {

struct Rgb {
  std::uint8_t r = 0, g = 0, b = 0;
  bool operator==(const Rgb&) const = default;
};

inline constexpr Rgb kBlack = {0, 0, 0}, kWhite = {255, 255, 255};

// The colour scale at t in [0,1]; values outside take the nearest end's colour, and so does what is
// not a number, the low end's. From near black over violet, red and orange to pale yellow: in Oklab
// lightness rises in a straight line, so that larger looks brighter everywhere, in grey print and
// to the colour blind as well, while the hue turns at a constant rate. Source of the colour space:
// Ottosson, "A perceptual color space for image processing", 2020.
Rgb heat_colour(float t);

// a + share * (b - a), in sRGB.
Rgb mix(Rgb a, Rgb b, float share);

// The part of the scale from 0 to 2 * threshold that a value reaches: the threshold is its middle.
// Without a positive threshold, 0 up to it and 1 above.
inline float on_scale(float value, float threshold) {
  if (!(threshold > 0)) return value > threshold ? 1.0f : 0.0f;
  return value / threshold / 2;
}

}  // namespace dagan
