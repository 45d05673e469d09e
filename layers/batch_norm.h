// Batch normalisation (kernels/batch_norm/batch_norm.h has the formulas).
#pragma once
#include "kernels/batch_norm/batch_norm.h"
#include "layers/parameters.h"

namespace dagan {

// <name>.gamma and <name>.beta are learned; <name>.mean and <name>.variance are running statistics.
// In Phase::training the result depends on the batch and the statistics move; in Phase::evaluation
// neither.
class BatchNorm {
 public:
  BatchNorm(Parameters& parameters, const std::string& name, std::int64_t channels,
            BatchNormGeometry geometry = {});
  // With the LeakyReLU that follows: 0 makes it a ReLU, 1 leaves it out.
  Tensor operator()(Tensor x, float slope = 1) const;

  // What evaluation reads.
  struct Running {
    Tensor mean, variance, gamma, beta;
    float epsilon;
  };
  Running running() const {
    return {running_mean_, running_variance_, gamma_, beta_, geometry_.epsilon};
  }

 private:
  Tensor gamma_, beta_, running_mean_, running_variance_;
  BatchNormGeometry geometry_;
  Phase phase_;
};

}  // namespace dagan
