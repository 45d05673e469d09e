#include "dagan/report/picture.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/check.h"
#include "dagan/report/font.h"

namespace dagan {
namespace {

static_assert(sizeof(Rgb) == 3, "a picture's pixels are read as Rgb");

constexpr Rgb kPaper = {24, 24, 28}, kInk = {225, 225, 225};
constexpr int kStrip = kGlyphHeight + kDescent + 3;  // pixels at scale 1, a line of headings

// What is not a number is black.
std::uint8_t shade(float share) {
  return share > 0 ? std::uint8_t(std::lround(255 * std::min(share, 1.0f))) : std::uint8_t(0);
}

template <class F>
Picture draw(std::int64_t height, std::int64_t width, F&& colour) {
  Picture picture(height, width);
  for (std::int64_t y = 0; y < height; ++y) {
    for (std::int64_t x = 0; x < width; ++x) picture.set(y, x, colour(y * width + x));
  }
  return picture;
}

// channels = 1 or 3; value(i) is the i-th number as a share of white.
template <class F>
Picture draw_channels(std::int64_t height, std::int64_t width, std::int64_t channels, F&& value) {
  return draw(height, width, [&](std::int64_t i) {
    if (channels == 1) return Rgb{shade(value(i)), shade(value(i)), shade(value(i))};
    return Rgb{shade(value(3 * i)), shade(value(3 * i + 1)), shade(value(3 * i + 2))};
  });
}

const float* item(View x, std::int64_t n, const char* name) {
  check(x.dtype == DType::f32 && x.contiguous() && n >= 0 && n < x.shape.n, "[", name, "] item ", n,
        " of ", x.shape, " ", x.dtype, ": expected contiguous f32");
  return x.as<const float>() + n * x.shape.h * x.shape.w * x.shape.c;
}

}  // namespace

Picture::Picture(std::int64_t height, std::int64_t width, Rgb background)
    : image_(make_image({1, height, width, 3})) {
  std::fill(data(), data() + height * width, background);
}

void Picture::fill(std::int64_t y, std::int64_t x, std::int64_t height, std::int64_t width,
                   Rgb colour) {
  const std::int64_t left = std::max<std::int64_t>(x, 0);
  const std::int64_t right = std::min(x + width, this->width());
  for (std::int64_t row = std::max<std::int64_t>(y, 0); row < std::min(y + height, this->height());
       ++row) {
    for (std::int64_t column = left; column < right; ++column) set(row, column, colour);
  }
}

void Picture::paste(const Picture& other, std::int64_t y, std::int64_t x) {
  for (std::int64_t row = 0; row < other.height(); ++row) {
    for (std::int64_t column = 0; column < other.width(); ++column) {
      fill(y + row, x + column, 1, 1, other.at(row, column));
    }
  }
}

void Picture::write(std::int64_t y, std::int64_t x, std::string_view words, Rgb colour, int scale) {
  for (char character : words) {
    const Glyph& rows = glyph(character);
    for (int row = 0; row < kGlyphHeight; ++row) {
      for (int column = 0; column < kGlyphWidth; ++column) {
        if (!(rows[std::size_t(row)] >> (kGlyphWidth - 1 - column) & 1)) continue;
        fill(y + (row + descent(character)) * scale, x + column * scale, scale, scale, colour);
      }
    }
    x += kGlyphAdvance * scale;
  }
}

Picture Picture::enlarged(int factor) const {
  Picture result(height() * factor, width() * factor);
  for (std::int64_t y = 0; y < result.height(); ++y) {
    for (std::int64_t x = 0; x < result.width(); ++x) result.set(y, x, at(y / factor, x / factor));
  }
  return result;
}

std::int64_t text_width(std::string_view words, int scale) {
  return words.empty() ? 0 : (std::int64_t(words.size()) * kGlyphAdvance - 1) * scale;
}

std::string fitted(std::string_view words, std::int64_t width, int scale) {
  if (text_width(words, scale) <= width) return std::string(words);
  const auto room = std::size_t(std::max<std::int64_t>(0, (width / scale + 1) / kGlyphAdvance));
  if (room <= 3) return std::string(words.substr(0, room));
  return std::string(words.substr(0, room - 3)) + "...";
}

Picture draw_image(const Image& image, Levels levels) {
  const Shape shape = image.shape;
  const float width = levels.high - levels.low;
  const auto share = [&](float value) { return (value - levels.low) / width; };
  if (image.dtype == DType::u16) {
    const auto* data = image.view().as<const std::uint16_t>();
    return draw_channels(shape.h, shape.w, shape.c,
                         [&](std::int64_t i) { return share(float(data[i])); });
  }
  const auto* data = image.view().as<const std::uint8_t>();
  return draw_channels(shape.h, shape.w, shape.c,
                       [&](std::int64_t i) { return share(float(data[i])); });
}

Picture draw_tensor(View x, std::int64_t n) {
  check(x.shape.c == 1 || x.shape.c == 3, "[draw_tensor] ", x.shape, " has ", x.shape.c,
        " channels, expected 1 or 3");
  const float* data = item(x, n, "draw_tensor");
  return draw_channels(x.shape.h, x.shape.w, x.shape.c,
                       [&](std::int64_t i) { return (data[i] + 1) / 2; });
}

Picture draw_map(View x, std::int64_t n, float threshold) {
  check(x.shape.c == 1, "[draw_map] ", x.shape, " has ", x.shape.c, " channels, expected 1");
  const float* data = item(x, n, "draw_map");
  return draw(x.shape.h, x.shape.w,
              [&](std::int64_t i) { return heat_colour(on_scale(data[i], threshold)); });
}

Picture grid(std::span<const std::vector<Picture>> rows, std::span<const std::string> headings) {
  std::vector<std::int64_t> widths(headings.size()), heights;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    heights.push_back(0);
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], row[i].width());
      heights.back() = std::max(heights.back(), row[i].height());
    }
  }
  const std::int64_t width =
      std::accumulate(widths.begin(), widths.end(), std::int64_t(widths.size()) - 1);
  const std::int64_t widest = widths.empty() ? 0 : *std::max_element(widths.begin(), widths.end());
  const int scale = int(std::max<std::int64_t>(1, widest / 300));
  const std::int64_t top = headings.empty() ? 0 : kStrip * scale, margin = 2 * scale;
  const std::int64_t height =
      std::accumulate(heights.begin(), heights.end(), top + std::int64_t(rows.size()) - 1);
  Picture sheet(std::max<std::int64_t>(height, 1), std::max<std::int64_t>(width, 1), kPaper);

  std::int64_t x = 0;
  for (std::size_t i = 0; i < headings.size(); ++i) {
    sheet.write(margin, x + margin, fitted(headings[i], widths[i] - margin, scale), kInk, scale);
    x += widths[i] + 1;
  }
  std::int64_t y = top;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    x = 0;
    for (std::size_t i = 0; i < rows[r].size(); ++i) {
      sheet.paste(rows[r][i], y, x);
      x += widths[i] + 1;
    }
    y += heights[r] + 1;
  }
  return sheet;
}

}  // namespace dagan
