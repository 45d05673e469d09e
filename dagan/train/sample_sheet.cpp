#include "dagan/train/sample_sheet.h"

#include <vector>

#include "core/view.h"
#include "dagan/report/sheet.h"

namespace dagan {
namespace {

// Half of the colour scale: a fixed value, so that sheets of different steps can be compared.
constexpr float kScale = 0.1f;

}  // namespace

void write_sample_sheet(const std::filesystem::path& file, std::int64_t size, std::int64_t channels,
                        std::span<const float> images, std::span<const float> reconstructions) {
  const std::int64_t pixels = size * size;
  const std::int64_t n = std::int64_t(images.size()) / (pixels * channels);
  std::vector<float> residual(std::size_t(n * pixels), 0.0f);
  for (std::size_t i = 0; i < images.size(); ++i) {
    const float d = images[i] - reconstructions[i];
    residual[i / std::size_t(channels)] += d * d / float(channels);
  }
  const Shape shape = {n, size, size, channels};
  const SheetColumn columns[] = {
      {"input", view_of(images.data(), shape), 0},
      {"G(x)", view_of(reconstructions.data(), shape), 0},
      {"residual", view_of(residual.data(), {n, size, size, 1}), kScale}};
  write_png(file, contact_sheet(columns).image());
}

}  // namespace dagan
