// The evaluation program: images in, reconstructions, maps of suspicion and one score an image out.
#pragma once
#include <memory>
#include <span>
#include <vector>

#include "core/program.h"
#include "dagan/model/architecture.h"
#include "layers/parameters.h"

namespace dagan {

// Whose reconstruction is compared with the image. The paper scores G's alone (section 3.3).
enum class Residual { generator, discriminator, both };

struct Scoring {
  Residual residual = Residual::generator;
  int pool_radius = 2;
  float top_fraction = 0.01f;  // 1: the mean over the image, the paper's score
  // Standardise the map by each pixel's mean and spread on good images, Store entries
  // <network>.residual.mean and <network>.residual.spread (1,size,size,1). `both` adds the two
  // networks' standardised maps.
  bool standardise = false;
  float spread_shrinkage = 0.5f;  // calibrate_residual: 0 each pixel's own spread, 1 one for all
};

// Throws Fault::usage for scores that cannot be computed: `both` without standardising, whose parts
// would not be comparable.
void check_scoring(const Scoring& scoring);

// The weights are those that the Store held when the Scorer was made or last told to read them.
class Scorer {
 public:
  Scorer(const Architecture& architecture, const Scoring& scoring, Weights weights,
         const Backend& backend, Store& store, std::int64_t batch);

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
