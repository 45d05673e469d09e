#include "dagan/detect/regions.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "core/check.h"
#include "core/random.h"

namespace dagan {
namespace {

struct Drawing {
  std::vector<std::uint8_t> binary;
  std::vector<float> map;
  std::int64_t height, width;
};

// '.' is background; a digit is a set pixel with that value in the map.
Drawing draw(const std::vector<std::string>& rows) {
  Drawing d{{}, {}, std::int64_t(rows.size()), std::int64_t(rows[0].size())};
  for (const std::string& row : rows) {
    for (char c : row) {
      d.binary.push_back(c != '.');
      d.map.push_back(c == '.' ? 0.0f : float(c - '0'));
    }
  }
  return d;
}

// Grows every region from its first pixel, one neighbour after the other.
std::vector<std::int32_t> flood(const std::vector<std::uint8_t>& binary, std::int64_t height,
                                std::int64_t width) {
  std::vector<std::int32_t> labels(binary.size(), 0);
  std::int32_t count = 0;
  for (std::int64_t start = 0; start < height * width; ++start) {
    if (!binary[start] || labels[start]) continue;
    std::vector<std::int64_t> open = {start};
    labels[start] = ++count;
    while (!open.empty()) {
      const std::int64_t i = open.back();
      open.pop_back();
      for (std::int64_t k = 0; k < 9; ++k) {
        const std::int64_t y = i / width + k / 3 - 1, x = i % width + k % 3 - 1;
        if (y < 0 || y >= height || x < 0 || x >= width) continue;
        const std::int64_t j = y * width + x;
        if (binary[j] && !labels[j]) labels[j] = count, open.push_back(j);
      }
    }
  }
  return labels;
}

TEST_CASE("regions touch at corners and carry box, area, centre and peak") {
  const Drawing d = draw({
      "12......",  //
      "..3...5.",  //
      "......6.",  //
      "4.......",
  });
  const Regions found = find_regions(d.binary, d.map, d.height, d.width);
  REQUIRE(found.list.size() == 3);
  const Region& diagonal = found.list[0];
  CHECK(diagonal.x == 0);
  CHECK(diagonal.y == 0);
  CHECK(diagonal.w == 3);
  CHECK(diagonal.h == 2);
  CHECK(diagonal.area == 3);
  CHECK(diagonal.center_x == 1.0);
  CHECK(diagonal.center_y == doctest::Approx(1.0 / 3));
  CHECK(diagonal.peak == 3.0f);
  CHECK(found.list[1].x == 6);
  CHECK(found.list[1].area == 2);
  CHECK(found.list[1].center_y == 1.5);
  CHECK(found.list[2].y == 3);
  CHECK(found.labels[0] == 1);
  CHECK(found.labels[7] == 0);
  CHECK(found.labels[3 * 8] == 3);
}

TEST_CASE("a region that only its last row joins is one region") {
  const Drawing d = draw({
      "1.1.1",
      "1.1.1",
      "11.11",
      "..1..",
  });
  CHECK(find_regions(d.binary, d.map, d.height, d.width).list.size() == 1);
}

TEST_CASE("labels equal a flood fill's on random maps") {
  const Philox random{7};
  for (std::uint32_t k = 0; k < 300; ++k) {
    const auto shape = random.words(0, k);
    const std::int64_t height = 1 + below(12, shape[0]), width = 1 + below(12, shape[1]);
    std::vector<std::uint8_t> binary(std::size_t(height * width));
    for (std::size_t i = 0; i < binary.size(); ++i) {
      binary[i] = uniform(random.words(1 + k, i)[0]) < 0.2f + 0.6f * uniform(shape[2]);
    }
    const Regions found = find_regions(binary, {}, height, width);
    REQUIRE(found.labels == flood(binary, height, width));
    for (std::size_t r = 0; r < found.list.size(); ++r) {
      const auto pixels = std::count(found.labels.begin(), found.labels.end(), std::int32_t(r + 1));
      CHECK(found.list[r].area == pixels);
    }
  }
}

TEST_CASE("regions above a threshold come strongest first, small ones are left out") {
  const Drawing d = draw({
      "22...99",
      "22.....",
      "....1.8",
  });
  const auto list = regions_above(d.map, d.height, d.width, 1.0f, 2);
  REQUIRE(list.size() == 2);
  CHECK(list[0].peak == 9.0f);
  CHECK(list[1].area == 4);
  CHECK(regions_above(d.map, d.height, d.width, 1.0f).size() == 3);
  CHECK(regions_above(d.map, d.height, d.width, 9.0f).empty());
}

TEST_CASE("negative maps keep their peak; empty and full maps work; sizes are checked") {
  const std::vector<float> map = {-3, -2, -5, -5};
  const std::vector<std::uint8_t> binary = {1, 1, 0, 0}, none(4, 0), all(4, 1);
  CHECK(find_regions(binary, map, 2, 2).list[0].peak == -2.0f);
  CHECK(find_regions(none, map, 2, 2).list.empty());
  CHECK(find_regions(all, {}, 2, 2).list[0].area == 4);
  CHECK(find_regions({}, {}, 0, 0).list.empty());
  CHECK_THROWS_AS(find_regions(all, {}, 2, 3), Error);
  CHECK_THROWS_AS(find_regions(all, std::vector<float>(3), 2, 2), Error);
}

}  // namespace
}  // namespace dagan
