#include "dagan/train/orientation.h"

#include <limits>
#include <vector>

#include "core/check.h"

namespace dagan {
namespace {

double ratio(double asymmetry, double variance) {
  if (asymmetry == 0) return 0;
  return variance > 0 ? asymmetry / (2 * variance) : std::numeric_limits<double>::infinity();
}

}  // namespace

Asymmetry measure_asymmetry(std::span<const float> images, std::int64_t size,
                            std::int64_t channels) {
  const std::int64_t row = size * channels, elements = size * row;
  const std::int64_t n = std::int64_t(images.size()) / elements;
  check(n >= 2, "[measure_asymmetry] ", n, " images have no variance");
  std::vector<double> mean(std::size_t(elements), 0), squares(std::size_t(elements), 0);
  for (std::size_t i = 0; i < std::size_t(n * elements); ++i) {
    const double value = images[i];
    mean[i % std::size_t(elements)] += value;
    squares[i % std::size_t(elements)] += value * value;
  }
  double variance = 0;
  for (std::size_t i = 0; i < mean.size(); ++i) {
    mean[i] /= double(n);
    variance += (squares[i] - double(n) * mean[i] * mean[i]) / double(n - 1) / double(elements);
  }
  double horizontal = 0, vertical = 0;
  for (std::int64_t h = 0; h < size; ++h) {
    for (std::int64_t w = 0; w < size; ++w) {
      for (std::int64_t c = 0; c < channels; ++c) {
        const auto at = [&](std::int64_t y, std::int64_t x) {
          return mean[std::size_t(y * row + x * channels + c)];
        };
        const double across = at(h, w) - at(h, size - 1 - w), down = at(h, w) - at(size - 1 - h, w);
        horizontal += across * across / double(elements);
        vertical += down * down / double(elements);
      }
    }
  }
  return {ratio(horizontal, variance) - 1 / double(n), ratio(vertical, variance) - 1 / double(n)};
}

}  // namespace dagan
