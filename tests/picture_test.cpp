#include "dagan/report/picture.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <limits>
#include <vector>

#include "core/check.h"
#include "dagan/report/font.h"
#include "dagan/report/heat_map.h"
#include "dagan/report/sheet.h"

namespace dagan {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

// CIE lightness L*, from 0 to 100.
double lightness(Rgb c) {
  const auto linear = [](std::uint8_t v) {
    const double s = v / 255.0;
    return s <= 0.04045 ? s / 12.92 : std::pow((s + 0.055) / 1.055, 2.4);
  };
  const double y = 0.2126 * linear(c.r) + 0.7152 * linear(c.g) + 0.0722 * linear(c.b);
  return y > 0.008856 ? 116 * std::cbrt(y) - 16 : 903.3 * y;
}

std::int64_t count(const Picture& picture, Rgb colour) {
  std::int64_t sum = 0;
  for (std::int64_t y = 0; y < picture.height(); ++y) {
    for (std::int64_t x = 0; x < picture.width(); ++x) sum += picture.at(y, x) == colour;
  }
  return sum;
}

bool same(const Picture& a, const Picture& b, std::int64_t y = 0, std::int64_t x = 0) {
  for (std::int64_t i = 0; i < a.height(); ++i) {
    for (std::int64_t j = 0; j < a.width(); ++j) {
      if (a.at(i, j) != b.at(y + i, x + j)) return false;
    }
  }
  return true;
}

TEST_CASE("the colour scale brightens evenly from one end to the other") {
  for (int i = 1; i < 32; ++i) {
    const double step =
        lightness(heat_colour(float(i) / 31)) - lightness(heat_colour(float(i - 1) / 31));
    CAPTURE(i);
    CHECK(step > 0.5);
    CHECK(step < 5);
  }
  CHECK(lightness(heat_colour(0)) < 5);
  CHECK(lightness(heat_colour(1)) > 90);
  const Rgb cool = heat_colour(0.25f), warm = heat_colour(0.7f);
  CHECK(cool.b > cool.g + 30);
  CHECK(warm.r > warm.b + 60);
  CHECK(heat_colour(-1) == heat_colour(0));
  CHECK(heat_colour(7) == heat_colour(1));
  CHECK(heat_colour(kNan) == heat_colour(0));
}

TEST_CASE("the threshold is the middle of the scale") {
  CHECK(on_scale(3, 3) == 0.5f);
  CHECK(on_scale(6, 3) == 1.0f);
  CHECK(on_scale(0, 3) == 0.0f);
  CHECK(on_scale(1, 0) == 1.0f);
  CHECK(on_scale(0, 0) == 0.0f);
}

TEST_CASE("drawing clips at every edge") {
  Picture picture(4, 5);
  picture.fill(-2, -2, 3, 3, kWhite);
  picture.fill(3, 4, 9, 9, kWhite);
  CHECK(count(picture, kWhite) == 2);
  CHECK(picture.at(0, 0) == kWhite);
  CHECK(picture.at(3, 4) == kWhite);
  picture.paste(Picture(6, 6, {1, 2, 3}), -3, -3);
  CHECK(count(picture, {1, 2, 3}) == 9);
  picture.write(-3, -3, "clipped", kWhite, 3);
}

TEST_CASE("text: every printable character differs, lines fit their widths") {
  CHECK(text_width("") == 0);
  CHECK(text_width("ab") == 11);
  CHECK(text_width("ab", 3) == 33);
  Picture line(7, 5);
  line.write(0, 0, "1", kWhite);
  CHECK(count(line, kWhite) == 10);
  CHECK(line.at(6, 1) == kWhite);
  CHECK(line.at(6, 3) == kWhite);
  CHECK(line.at(6, 4) == kBlack);
  for (char a = ' '; a < '~'; ++a) {
    for (char b = char(a + 1); b <= '~'; ++b) {
      if (glyph(a) == glyph(b)) CHECK_MESSAGE(descent(a) != descent(b), a, " and ", b);
    }
  }
  CHECK(glyph('\n') == glyph('?'));
  CHECK(fitted("reconstruction", 83) == "reconstruction");
  CHECK(fitted("reconstruction", 82) == "reconstruc...");
  CHECK(fitted("reconstruction", 17) == "rec");
  CHECK(fitted("abc", 0).empty());
}

TEST_CASE("camera values become shades between the levels") {
  Image wide = make_image({1, 1, 3, 1}, DType::u16);
  auto* data = reinterpret_cast<std::uint16_t*>(wide.pixels.data());
  data[0] = 100, data[1] = 2100, data[2] = 65535;
  const Picture grey = draw_image(wide, {100, 4100});
  CHECK(grey.at(0, 0) == kBlack);
  CHECK(grey.at(0, 1) == Rgb{128, 128, 128});
  CHECK(grey.at(0, 2) == kWhite);

  Image colour = make_image({1, 1, 2, 3});
  for (int i = 0; i < 6; ++i) colour.pixels[std::size_t(i)] = std::byte(10 * i);
  CHECK(draw_image(colour, {}).at(0, 1) == Rgb{30, 40, 50});

  const std::vector<float> tensor = {-1, 0, 1, -2, 2, kNan};
  CHECK(draw_tensor(view_of(tensor.data(), {2, 1, 1, 3}), 0).at(0, 0) == Rgb{0, 128, 255});
  CHECK(draw_tensor(view_of(tensor.data(), {2, 1, 1, 3}), 1).at(0, 0) == Rgb{0, 255, 0});
  CHECK_THROWS_AS(draw_tensor(view_of(tensor.data(), {2, 1, 1, 3}), 2), Error);
  CHECK_THROWS_AS(draw_tensor(view_of(tensor.data(), {1, 1, 3, 2}), 0), Error);
}

TEST_CASE("a heat map has the picture's size and the same colours for the same suspicion") {
  const std::vector<float> map = {0, 1, 2, 3, 4, 5};
  const Picture heat = draw_heat_map(map, 2, 3, 2);
  CHECK(heat.height() == 2);
  CHECK(heat.width() == 3);
  CHECK(heat.at(0, 0) == heat_colour(0));
  CHECK(heat.at(0, 2) == heat_colour(0.5f));
  CHECK(heat.at(1, 1) == heat_colour(1));
  CHECK(heat.at(1, 2) == heat_colour(1));
  CHECK_THROWS_AS(draw_heat_map(map, 3, 3, 2), Error);
}

TEST_CASE("a small map meets the picture at the same places") {
  std::vector<float> flat(12, 0.25f);
  for (float v : resized_map(view_of(flat.data(), {1, 3, 4, 1}), 17, 31)) CHECK(v == 0.25f);
  const std::vector<float> pair = {0, 4};
  const std::vector<float> expected = {0, 1, 3, 4};
  CHECK(resized_map(view_of(pair.data(), {1, 1, 2, 1}), 1, 4) == expected);
  CHECK_THROWS_AS(resized_map(view_of(flat.data(), {3, 2, 2, 1}), 4, 4), Error);
}

TEST_CASE("an overlay colours what is above the threshold and outlines it from outside") {
  Image image = make_image({1, 9, 9, 3});
  std::fill(image.pixels.begin(), image.pixels.end(), std::byte(100));
  std::vector<float> map(81, 0.9f);
  map[4 * 9 + 4] = map[4 * 9 + 5] = 3;
  const Picture overlay = draw_overlay(image, {}, map, 2);
  const Rgb grey = {100, 100, 100};
  CHECK(overlay.at(0, 0) == grey);
  CHECK(count(overlay, grey) == 81 - 3 * 4);
  CHECK(overlay.at(4, 4) == mix(grey, heat_colour(0.75f), 0.625f));
  const Rgb outline = overlay.at(3, 3);
  CHECK(outline != grey);
  CHECK(count(overlay, outline) == 10);
  CHECK(overlay.at(5, 6) == outline);
  map.assign(81, 2.0f);  // a pixel at the threshold is not above it
  CHECK(count(draw_overlay(image, {}, map, 2), mix(grey, heat_colour(0.5f), 0.2f)) == 81);
}

TEST_CASE("a contact sheet: rows of tiles, one pixel apart, readable headings") {
  std::vector<float> ones(2 * 8 * 8, 1.0f), zeros(2 * 8 * 8, -1.0f);
  const Shape shape = {2, 8, 8, 1};
  const std::vector<SheetColumn> columns = {{"input", view_of(ones.data(), shape)},
                                            {"reconstruction", view_of(zeros.data(), shape)},
                                            {"residual", view_of(ones.data(), shape), 1.0f}};
  const Picture sheet = contact_sheet(columns);
  const std::int64_t tile = 88;  // 8 pixels, enlarged until "reconstruction" fits
  CHECK(sheet.width() == 3 * tile + 2);
  const std::int64_t top = sheet.height() - 2 * tile - 1;
  CHECK(top > kGlyphHeight);
  CHECK(same(Picture(tile, tile, kWhite), sheet, top, 0));
  CHECK(same(Picture(tile, tile, kBlack), sheet, top + tile + 1, tile + 1));
  CHECK(same(Picture(tile, tile, heat_colour(0.5f)), sheet, top, 2 * tile + 2));
  std::vector<SheetColumn> uneven = columns;
  uneven[1].tensor.shape.n = 1;
  CHECK_THROWS_AS(contact_sheet(uneven), Error);
}

TEST_CASE("what is drawn is what a reader of the file sees") {
  const auto file = std::filesystem::temp_directory_path() /
                    ("dagan_picture_test_" + std::to_string(getpid()) + ".png");
  Picture picture(20, 60, {10, 20, 30});
  picture.write(2, 2, "Ag 0.5%", kWhite);
  write_png(file, picture.image());
  const Image read = read_image(file);
  std::filesystem::remove(file);
  CHECK(read.shape == picture.image().shape);
  CHECK(read.pixels == picture.image().pixels);
}

}  // namespace
}  // namespace dagan
