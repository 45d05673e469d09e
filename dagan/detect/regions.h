// Connected parts of a binary map: what a defect is when it is counted, outlined or listed.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace dagan {

// Pixels; (x, y) is the top left corner of the bounding box, the centre is the mean of the pixel
// indices, so that a single pixel's centre is the pixel itself.
struct Region {
  std::int64_t x = 0, y = 0, w = 0, h = 0;
  std::int64_t area = 0;
  double center_x = 0, center_y = 0;
  float peak = 0;  // the largest value of the map inside, 0 where no map was given
};

struct Regions {
  std::vector<std::int32_t> labels;  // (height, width): 0 outside, i + 1 in list[i]
  std::vector<Region> list;          // in the order of their first pixels, row by row
};

// 8-connected regions of the pixels that are not zero. `map` is empty or as large as `binary`.
// cost: O(height * width) time, 4 bytes a pixel
Regions find_regions(std::span<const std::uint8_t> binary, std::span<const float> map,
                     std::int64_t height, std::int64_t width);

// The regions above `threshold` that have at least `min_area` pixels, the strongest peak first.
std::vector<Region> regions_above(std::span<const float> map, std::int64_t height,
                                  std::int64_t width, float threshold, std::int64_t min_area = 1);

}  // namespace dagan
