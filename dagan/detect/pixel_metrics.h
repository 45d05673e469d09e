// How well a map of suspicion finds the defective pixels: pixel AUROC and AUPRO, over a whole test
// set of maps and masks, in bounded memory.
//
//   AUROC   of all pixels of all images, good images included
//   AUPRO   area under the curve of the per-region overlap, the mean over 8-connected regions of
//   the
//           masks of the share of the region above a threshold, against the false positive rate of
//           all pixels outside the masks; from 0 to the limit, by trapezoids, interpolated at the
//           limit, and divided by the limit, so that 1 is perfect and a map of noise reaches
//           limit/2 Source: Bergmann et al., "The MVTec Anomaly Detection Dataset", IJCV 2021,
//           section 5.2
//
// A pixel with its mask weighs 1 / (area of its region), so the overlap curve is one more histogram
// and no pixel is kept. Values that agree in their leading 12 mantissa bits (2^-11 of the value)
// count as equal; auroc_error() bounds what that can do, and is far below 1e-4 on real maps.
// memory: 25 MB, and a coarse histogram of each image (some 10 kB) for bootstrapping
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace dagan {

class PixelMetrics {
 public:
  PixelMetrics();

  // One image. map (height, width); mask the same, not zero on defects, or empty for a good image.
  // Errors: sizes that differ (bug), a value that is not a number (model).
  void add(std::span<const float> map, std::span<const std::uint8_t> mask, std::int64_t height,
           std::int64_t width);

  std::int64_t images() const { return std::int64_t(images_.size()); }
  std::int64_t regions() const { return regions_; }

  // Undefined without defective pixels or without good ones.
  std::optional<double> auroc() const;
  std::optional<double> aupro(double false_positive_limit = 0.3) const;
  double auroc_error() const;  // the exact AUROC differs by no more

  // What one image adds, at 7 mantissa bits: enough to bootstrap over images (intervals.h).
  struct Bin {
    std::uint32_t key = 0;  // grows with the map's value
    float good = 0, defect = 0;
    float overlap = 0;  // sum of 1 / (area of the region)
  };
  struct ImageBins {
    std::vector<Bin> bins;  // keys rising, none twice
    std::int64_t regions = 0;
  };
  const std::vector<ImageBins>& image_bins() const { return images_; }

 private:
  struct Count {
    double good = 0, defect = 0, overlap = 0;
  };
  std::vector<Count> counts_;
  std::vector<ImageBins> images_;
  std::int64_t regions_ = 0;
};

// The curve's area from pixels grouped by value, the highest value first: good pixels of each group
// and the overlap that it adds, in units of regions.
std::optional<double> aupro(std::span<const double> good, std::span<const double> overlap,
                            double false_positive_limit);

}  // namespace dagan
