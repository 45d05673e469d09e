#include "dagan/data/png_filters.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <vector>

#include "core/random.h"

namespace dagan {
namespace {

// As the PNG specification words it (9.4).
int paeth(int a, int b, int c) {
  const int p = a + b - c;
  const int pa = std::abs(p - a), pb = std::abs(p - b), pc = std::abs(p - c);
  if (pa <= pb && pa <= pc) return a;
  return pb <= pc ? b : c;
}

int predicted(int filter, int a, int b, int c) {
  const int all[] = {0, a, b, (a + b) / 2, paeth(a, b, c)};
  return all[filter];
}

// The rows of `picture`, each behind the number of the filter that `filter_of(row)` names.
template <class F>
std::vector<std::byte> filtered(const std::vector<std::byte>& picture, std::size_t height,
                                std::size_t pixel, F filter_of) {
  const std::size_t n = picture.size() / height;
  std::vector<std::byte> rows;
  for (std::size_t y = 0; y < height; ++y) {
    const int filter = filter_of(y);
    rows.push_back(std::byte(filter));
    for (std::size_t x = 0; x < n; ++x) {
      const auto at = [&](std::size_t up, std::size_t left) {
        return y < up || x < left ? 0 : int(picture[(y - up) * n + x - left]);
      };
      const int prediction = predicted(filter, at(0, pixel), at(1, 0), at(1, pixel));
      rows.push_back(std::byte((at(0, 0) - prediction) & 255));
    }
  }
  return rows;
}

TEST_CASE("png: each filter, after each other, for every size of a pixel, is undone") {
  const Philox random{7};
  std::uint64_t drawn = 0;
  for (const std::size_t pixel : {1, 2, 3, 4, 6, 8}) {
    for (const std::size_t width : {1, 2, 3, 17, 64}) {
      CAPTURE(pixel);
      CAPTURE(width);
      const std::size_t height = 40;
      std::vector<std::byte> picture(height * width * pixel);
      for (std::byte& byte : picture) byte = std::byte(random.words(0, drawn++)[0] >> 24);
      const auto rows =
          filtered(picture, height, pixel, [](std::size_t y) { return int(y * y + y / 5) % 5; });
      std::vector<std::byte> out(picture.size());
      CHECK(png::undo_filters(rows.data(), height, std::int64_t(width * pixel), int(pixel),
                              out.data()) == std::int64_t(height));
      CHECK(out == picture);
    }
  }
}

TEST_CASE("png: every choice of Paeth's predictor") {
  for (int c = 0; c < 256; c += 3) {
    for (int b = 0; b < 256; b += 5) {
      for (int a = 0; a < 256; a += 7) {
        const std::byte rows[] = {std::byte(0), std::byte(c),     std::byte(b),
                                  std::byte(4), std::byte(a - c), std::byte(1)};
        std::byte out[4];
        REQUIRE(png::undo_filters(rows, 2, 2, 1, out) == 2);
        REQUIRE(int(out[2]) == a);
        REQUIRE(int(out[3]) == ((paeth(a, b, c) + 1) & 255));
      }
    }
  }
}

TEST_CASE("png: a filter that there is not names its row") {
  const std::byte rows[] = {std::byte(2), std::byte(1), std::byte(5), std::byte(1)};
  std::byte out[2];
  CHECK(png::undo_filters(rows, 2, 1, 1, out) == 1);
}

}  // namespace
}  // namespace dagan
