#include "dagan/detect/calibrate.h"

#include <algorithm>
#include <cmath>

namespace dagan {
namespace {

constexpr double kSmallestSpread = 1e-6;  // an image in [-1,1] has residuals of up to 4

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
  double mean_variance = 0;
  for (std::size_t p = 0; p < sum.size(); ++p) {
    const double mean = sum[p] /= double(count);
    squares[p] = std::max(0.0, (squares[p] - double(count) * mean * mean) / double(count - 1));
    mean_variance += squares[p] / double(pixels);
  }
  const double own = 1 - double(scoring.spread_shrinkage);
  std::vector<float> means(sum.begin(), sum.end()), spread(sum.size());
  for (std::size_t p = 0; p < sum.size(); ++p) {
    spread[p] = float(std::sqrt(own * squares[p] + (1 - own) * mean_variance) + kSmallestSpread);
  }
  const auto write = [&](const char* what, const std::vector<float>& values) {
    const std::string name = text(network, ".residual.", what);
    store.entry(name, {1, a.size, a.size, 1});
    store.write<float>(name, values);
  };
  write("mean", means);
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
