// The evaluation program: images in, reconstructions, maps of suspicion and one score an image out.
#pragma once
#include <memory>
#include <span>
#include <vector>

#include "core/program.h"
#include "dagan/model/architecture.h"
#include "dagan/model/scoring.h"
#include "layers/parameters.h"

namespace dagan {

// The weights are those that the Store held when the Scorer was made or last told to read them.
class Scorer {
 public:
  Scorer(const Architecture& architecture, const Scoring& scoring, Weights weights,
         const Backend& backend, Store& store, std::int64_t batch, Runs runs = Runs::often);

  void read_weights() { program_->prepare(); }

  // Scores `images` (n, size, size, channels), 1 <= n <= batch; what the functions below return
  // holds until the next call. No result depends on the other images of the batch.
  void operator()(std::span<const float> images);

  std::span<const float> scores() const { return {scores_.data(), std::size_t(count_)}; }
  std::span<const float> map(std::int64_t i) const;             // (size, size)
  std::span<const float> reconstruction(std::int64_t i) const;  // (size, size, channels)
  std::int64_t batch() const { return batch_; }
  const Plan& memory() const { return program_->memory(); }

 private:
  Tape tape_;
  std::int64_t batch_, count_ = 0, image_size_, map_size_;
  Tensor images_, reconstruction_, map_, score_;
  std::unique_ptr<Program> program_;
  std::vector<float> staging_, reconstructions_, maps_, scores_;
};

}  // namespace dagan
