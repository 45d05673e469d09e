// The two building blocks of both networks. Each ends with the activation that the parent's code
// puts in front of the next one. What a skip carries is then activated twice, which comes to the
// same: relu(leaky_relu(x)) = relu(x). In evaluation each is one op, or two with tanh.
#pragma once
#include <optional>

#include "dagan/model/architecture.h"
#include "layers/batch_norm.h"
#include "layers/conv2d.h"

namespace dagan {

// Halves the image: convolution - [batch norm] - LeakyReLU, or ReLU for the bottleneck, which the
// decoder reads. The first and the last level have a bias instead of a norm.
class Down {
 public:
  Down(Parameters& parameters, const Architecture& architecture, std::int64_t level);
  Tensor operator()(Tensor x) const;  // (N,H,W,C) -> (N,H/2,W/2,width_at(level))

 private:
  std::string name_;
  Phase phase_;
  Runs runs_;
  float slope_;
  Conv2d convolution_;
  std::optional<BatchNorm> norm_;
};

// Doubles the image: transposed convolution - [batch norm] - ReLU, or - Tanh for the outermost
// level.
class Up {
 public:
  // `level` is the level whose halving this block undoes; in_channels includes those of a skip.
  Up(Parameters& parameters, const Architecture& architecture, std::int64_t level,
     std::int64_t in_channels);
  Tensor operator()(Tensor x) const;

 private:
  std::string name_;
  Phase phase_;
  Runs runs_;
  bool outermost_;
  ConvTranspose2d convolution_;
  std::optional<BatchNorm> norm_;
};

}  // namespace dagan
