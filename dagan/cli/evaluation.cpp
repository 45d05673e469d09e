#include "dagan/cli/evaluation.h"

#include <algorithm>
#include <set>

#include "dagan/data/file.h"
#include "dagan/data/image_set.h"
#include "dagan/detect/threshold.h"
#include "dagan/report/heat_map.h"
#include "dagan/train/run_folder.h"

namespace dagan {
namespace {

constexpr std::size_t kBatch = 8;

// (height,width), not zero on the defect; empty for a good image
std::vector<std::uint8_t> read_mask(const Sample& sample, Shape picture) {
  if (!sample.defect) return {};
  const Image mask = read_image(sample.mask);
  const Shape shape = mask.shape;
  check(Fault::data, shape.h == picture.h && shape.w == picture.w, shown(sample.mask), ": is ",
        shape.w, " x ", shape.h, " pixels, its image ", picture.w, " x ", picture.h);
  std::vector<std::uint8_t> defect(std::size_t(shape.h * shape.w));
  const std::size_t bytes = std::size_t(shape.c * size_of(mask.dtype));
  for (std::size_t i = 0; i < defect.size(); ++i) {
    const auto pixel = mask.pixels.begin() + std::ptrdiff_t(i * bytes);
    defect[i] = std::any_of(pixel, pixel + std::ptrdiff_t(bytes),
                            [](std::byte value) { return value != std::byte(0); });
  }
  return defect;
}

void check_not_trained_on(const Model& model, const ImageSet& images) {
  const std::set<Digest> known(model.contents.begin(), model.contents.end());
  for (std::size_t i = 0; i < images.size(); ++i) {
    if (!known.contains(images.contents()[i])) continue;
    const RunFolder run(model.file.parent_path());
    const std::string other = find_in_manifest(run.manifest(), images.contents()[i]);
    fail(Fault::data, shown(images.files()[i]),
         ": the model was trained on an image with the same pixels",
         other.empty() ? "" : ", " + shown(other), "; remove it from the test set");
  }
}

void score_all(const Model& model, const ImageSet& images, const Backend& backend, Evaluation& e,
               PixelMetrics& pixels) {
  Detector detector(model, backend, std::int64_t(std::min(kBatch, images.size())));
  const std::int64_t size = model.preprocessing.size;
  const auto block = kBatch * std::size_t(model.preprocessing.elements());
  const std::span<const float> all = images.all();
  for (std::size_t at = 0; at < all.size(); at += block) {
    for (const Detector::Result& result :
         detector(all.subspan(at, std::min(block, all.size() - at)))) {
      const std::size_t i = e.scores.size();
      const Sample& sample = e.samples[i];
      const Shape picture = images.source_shape(i);
      e.scores.push_back(result.score);
      e.defect.push_back(sample.defect);
      e.maps.push_back(result.map);
      if (sample.defect && sample.mask.empty()) continue;
      e.masks += sample.defect;
      const View map = view_of(result.map.data(), {1, size, size, 1});
      pixels.add(resized_map(map, picture.h, picture.w), read_mask(sample, picture), picture.h,
                 picture.w);
    }
  }
}

}  // namespace

Evaluation evaluate(const Model& model, const TestSamples& test, const Backend& backend) {
  Evaluation e;
  e.samples = test.samples;
  std::vector<std::filesystem::path> files;
  std::vector<std::string> types;
  for (const Sample& sample : e.samples) {
    files.push_back(sample.file);
    types.push_back(sample.type);
  }
  const ImageSet images(files, model.preprocessing, "the model");
  images.wait_all();
  check_not_trained_on(model, images);

  PixelMetrics pixels;
  score_all(model, images, backend, e, pixels);
  const Labelled labelled = {e.scores, e.defect};
  e.image_auroc = auroc(labelled);
  e.average_precision = average_precision(labelled);
  e.confusion = confusion(labelled, model.threshold);
  e.types = metrics_by_type(labelled, types, model.threshold);
  e.oracle = oracle_f1(labelled);
  e.image_intervals = image_intervals(labelled, model.threshold);
  if (e.masks > 0) {
    e.pixel_auroc = pixels.auroc();
    e.aupro = pixels.aupro();
    e.pixel_intervals = pixel_intervals(pixels);
  }
  return e;
}

}  // namespace dagan
