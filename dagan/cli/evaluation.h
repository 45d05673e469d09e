// What `dagan eval` measures: scores of a labelled test set, and the numbers that follow from them.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "dagan/data/dataset.h"
#include "dagan/detect/detector.h"
#include "dagan/detect/intervals.h"

namespace dagan {

struct Evaluation {
  std::vector<Sample> samples;
  std::vector<float> scores;             // one for each sample
  std::vector<std::uint8_t> defect;      // likewise
  std::vector<std::vector<float>> maps;  // likewise, (size,size)
  std::optional<double> image_auroc, average_precision, pixel_auroc, aupro;
  Confusion confusion;
  std::vector<TypeMetrics> types;
  std::optional<OracleF1> oracle;
  ImageIntervals image_intervals;
  PixelIntervals pixel_intervals;
  std::int64_t masks = 0;  // defective images with a mask: what the pixel numbers rest on
};

// Scores every sample with the model, on the backend that it was loaded for, and measures at the
// model's threshold. Pixels are measured at the images' own size. Throws Fault::data for an image
// that cannot be read or does not fit the model, a mask of another size than its image, and an
// image that the model was trained on.
Evaluation evaluate(const Model& model, const TestSamples& test, const Backend& backend);

// Every metric that --require can name, in the order of the result.
std::vector<std::string> metric_names();
std::optional<double> metric(const Evaluation&, const Model&, const std::string& name);

std::string evaluation_json(const Evaluation&, const Model&);
std::string evaluation_table(const Evaluation&, const Model&);
std::string scores_csv(const Evaluation&, const Model&);  // one line an image

}  // namespace dagan
