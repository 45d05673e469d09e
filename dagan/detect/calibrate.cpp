#include "dagan/detect/calibrate.h"

#include <algorithm>
#include <cmath>

namespace dagan {
namespace {

constexpr std::int64_t kSmoothing = 4;  // radius in pixels
constexpr double kSmallestSpread = 1e-4;  // an image in [-1,1] has residuals of up to 4

std::vector<float> smoothed(const std::vector<double>& map, std::int64_t size) {
  std::vector<float> out(map.size());
  for (std::int64_t h = 0; h < size; ++h) {
    for (std::int64_t w = 0; w < size; ++w) {
      double sum = 0;
      std::int64_t count = 0;
      for (std::int64_t i = std::max<std::int64_t>(0, h - kSmoothing);
           i <= std::min(size - 1, h + kSmoothing); ++i) {
        for (std::int64_t j = std::max<std::int64_t>(0, w - kSmoothing);
             j <= std::min(size - 1, w + kSmoothing); ++j) {
          sum += map[std::size_t(i * size + j)];
          ++count;
        }
      }
      out[std::size_t(h * size + w)] = float(sum / double(count));
    }
  }
  return out;
}

void calibrate(const Architecture& a, Scoring scoring, const char* network, Weights weights,
               const Backend& backend, Store& store, std::span<const float> images) {
  scoring.standardise = false;
  constexpr std::int64_t kBatch = 16;
  Scorer scorer(a, scoring, weights, backend, store, kBatch);
  const std::int64_t image = a.size * a.size * a.channels, pixels = a.size * a.size;
  const std::int64_t count = std::int64_t(images.size()) / image;
  check(count >= 2, "[calibrate] ", count, " good images have no spread");
  std::vector<double> sum(std::size_t(pixels), 0), squares(std::size_t(pixels), 0);
  for (std::int64_t i = 0; i < count; i += kBatch) {
    const std::int64_t n = std::min(kBatch, count - i);
    scorer(images.subspan(std::size_t(i * image), std::size_t(n * image)));
    for (std::int64_t j = 0; j < n; ++j) {
      const std::span<const float> map = scorer.map(j);
      for (std::size_t p = 0; p < map.size(); ++p) {
        sum[p] += map[p];
        squares[p] += double(map[p]) * map[p];
      }
    }
  }
  std::vector<double> spread(sum.size());
  for (std::size_t p = 0; p < sum.size(); ++p) {
    const double mean = sum[p] /= double(count);
    spread[p] = std::sqrt(std::max(0.0, squares[p] / double(count) - mean * mean)) + kSmallestSpread;
  }
  const Shape shape = {1, a.size, a.size, 1};
  const auto write = [&](const char* what, const std::vector<double>& values) {
    const std::string name = text(network, ".residual.", what);
    store.entry(name, shape);
    store.write<float>(name, smoothed(values, a.size));
  };
  write("mean", sum);
  write("spread", spread);
}

}  // namespace

void calibrate_residual(const Architecture& a, const Scoring& scoring, Weights weights,
                        const Backend& backend, Store& store, std::span<const float> images) {
  if (!scoring.standardise) return;
  Scoring one = scoring;
  if (scoring.residual != Residual::discriminator) {
    one.residual = Residual::generator;
    calibrate(a, one, "generator", weights, backend, store, images);
  }
  if (scoring.residual != Residual::generator) {
    one.residual = Residual::discriminator;
    calibrate(a, one, "discriminator", weights, backend, store, images);
  }
}

}  // namespace dagan
