#include "dagan/detect/detector.h"

#include <algorithm>

namespace dagan {

std::vector<Detector::Result> Detector::operator()(std::span<const float> images) {
  const std::size_t block = std::size_t(scorer_.batch()) * scorer_.reconstruction(0).size();
  std::vector<Result> results;
  for (std::size_t at = 0; at < images.size(); at += block) {
    scorer_(images.subspan(at, std::min(block, images.size() - at)));
    for (std::size_t i = 0; i < scorer_.scores().size(); ++i) {
      const auto map = scorer_.map(std::int64_t(i));
      const auto reconstruction = scorer_.reconstruction(std::int64_t(i));
      results.push_back({scorer_.scores()[i],
                         {map.begin(), map.end()},
                         {reconstruction.begin(), reconstruction.end()}});
    }
  }
  return results;
}

}  // namespace dagan
