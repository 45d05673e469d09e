#include "dagan/detect/regions.h"

#include <algorithm>
#include <limits>

#include "core/check.h"

namespace dagan {
namespace {

// Union-find over provisional labels; the smallest label of a set is its root, so that roots come
// in the order of first pixels.
class Sets {
 public:
  std::int32_t add() {
    parent_.push_back(std::int32_t(parent_.size()));
    return parent_.back();
  }
  std::int32_t root(std::int32_t label) {
    while (parent_[label] != label) label = parent_[label] = parent_[parent_[label]];
    return label;
  }
  std::int32_t join(std::int32_t a, std::int32_t b) {
    a = root(a), b = root(b);
    const std::int32_t low = std::min(a, b);
    return parent_[std::max(a, b)] = low;
  }
  std::size_t size() const { return parent_.size(); }

 private:
  std::vector<std::int32_t> parent_ = {0};
};

// Gives every set pixel a provisional label and joins it with its four earlier neighbours.
Sets label_rows(std::span<const std::uint8_t> binary, std::int64_t height, std::int64_t width,
                std::vector<std::int32_t>& labels) {
  Sets sets;
  for (std::int64_t y = 0; y < height; ++y) {
    for (std::int64_t x = 0; x < width; ++x) {
      const std::int64_t i = y * width + x;
      if (!binary[i]) continue;
      std::int32_t label = x > 0 ? labels[i - 1] : 0;
      if (y > 0) {
        for (std::int64_t nx = std::max<std::int64_t>(x - 1, 0); nx <= std::min(x + 1, width - 1);
             ++nx) {
          const std::int32_t above = labels[i - width + nx - x];
          if (above) label = label && label != above ? sets.join(label, above) : above;
        }
      }
      labels[i] = label ? label : sets.add();
    }
  }
  return sets;
}

void extend(Region& region, std::int64_t x, std::int64_t y, float value) {
  const std::int64_t right = std::max(region.x + region.w, x + 1);
  region.x = std::min(region.x, x);
  region.w = right - region.x;
  region.h = y + 1 - region.y;
  region.area += 1;
  region.center_x += double(x);
  region.center_y += double(y);
  region.peak = std::max(region.peak, value);
}

}  // namespace

Regions find_regions(std::span<const std::uint8_t> binary, std::span<const float> map,
                     std::int64_t height, std::int64_t width) {
  check(std::int64_t(binary.size()) == height * width, "[find_regions] ", binary.size(),
        " pixels for a map of ", height, " x ", width);
  check(map.empty() || map.size() == binary.size(), "[find_regions] the map has ", map.size(),
        " values, the binary map ", binary.size());
  check(height * width <= std::numeric_limits<std::int32_t>::max(), "[find_regions] a map of ",
        height, " x ", width, " is too large");
  Regions result;
  result.labels.assign(binary.size(), 0);
  Sets sets = label_rows(binary, height, width, result.labels);

  constexpr float kLowest = -std::numeric_limits<float>::infinity();
  std::vector<std::int32_t> final_label(sets.size(), 0);
  for (std::int64_t y = 0; y < height; ++y) {
    for (std::int64_t x = 0; x < width; ++x) {
      std::int32_t& label = result.labels[y * width + x];
      if (!label) continue;
      std::int32_t& number = final_label[sets.root(label)];
      if (!number) {
        result.list.push_back({.x = x, .y = y, .peak = map.empty() ? 0 : kLowest});
        number = std::int32_t(result.list.size());
      }
      label = number;
      extend(result.list[number - 1], x, y, map.empty() ? 0 : map[y * width + x]);
    }
  }
  for (Region& region : result.list) {
    region.center_x /= double(region.area);
    region.center_y /= double(region.area);
  }
  return result;
}

std::vector<Region> regions_above(std::span<const float> map, std::int64_t height,
                                  std::int64_t width, float threshold, std::int64_t min_area) {
  std::vector<std::uint8_t> binary(map.size());
  std::transform(map.begin(), map.end(), binary.begin(), [&](float v) { return v > threshold; });
  std::vector<Region> list = find_regions(binary, map, height, width).list;
  std::erase_if(list, [&](const Region& region) { return region.area < min_area; });
  std::stable_sort(list.begin(), list.end(),
                   [](const Region& a, const Region& b) { return a.peak > b.peak; });
  return list;
}

}  // namespace dagan
