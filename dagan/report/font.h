// A bitmap font of 5 x 7 pixels for headings: printable ASCII.
#pragma once
#include <array>
#include <cstdint>

namespace dagan {

inline constexpr int kGlyphWidth = 5, kGlyphHeight = 7;
inline constexpr int kGlyphAdvance = kGlyphWidth + 1;

// g, p, q and y are drawn this much lower, so a line of text is kGlyphHeight + kDescent high.
inline constexpr int kDescent = 2;
constexpr int descent(char c) {
  return c == 'g' || c == 'p' || c == 'q' || c == 'y' ? kDescent : 0;
}

// Rows from the top; bit 4 is the leftmost pixel. Other characters have the glyph of '?'.
using Glyph = std::array<std::uint8_t, kGlyphHeight>;
const Glyph& glyph(char character);

}  // namespace dagan
