// A loaded model that scores images: what a program that embeds dagan needs.
#pragma once
#include <span>
#include <vector>

#include "dagan/detect/model_file.h"

namespace dagan {

class Detector {
 public:
  // The model must outlive the detector. Runs::once: for a single batch, it is ready sooner and
  // needs less memory; its results are the same.
  explicit Detector(const Model& model, const Backend& backend = cpu_backend(),
                    std::int64_t batch = 1, Runs runs = Runs::often)
      : scorer_(model.architecture(), model.scoring(), Weights::live, backend, *model.store, batch,
                runs) {}

  struct Result {
    float score = 0;
    std::vector<float> map;             // (size,size), higher is more suspicious
    std::vector<float> reconstruction;  // (size,size,channels)
  };

  // Preprocessed images (n,size,size,channels), any n.
  std::vector<Result> operator()(std::span<const float> images);

 private:
  Scorer scorer_;
};

}  // namespace dagan
