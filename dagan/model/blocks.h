// The two building blocks of both networks.
#pragma once
#include <optional>

#include "dagan/model/architecture.h"
#include "layers/batch_norm.h"
#include "layers/conv2d.h"

namespace dagan {

// Halves the image: [LeakyReLU] - convolution - [batch norm], as in the parent's code. The first
// level sees the image itself and has no activation; the first and the last have a bias instead of
// a norm.
class Down {
 public:
  Down(Parameters& parameters, const Architecture& architecture, std::int64_t level);
  Tensor operator()(Tensor x) const;  // (N,H,W,C) -> (N,H/2,W/2,width_at(level))

 private:
  std::string name_;
  float slope_;
  bool activated_;
  Conv2d convolution_;
  std::optional<BatchNorm> norm_;
};

// Doubles the image: ReLU - transposed convolution - [batch norm], or - Tanh for the outermost
// level.
class Up {
 public:
  // `level` is the level whose halving this block undoes; in_channels includes those of a skip.
  Up(Parameters& parameters, const Architecture& architecture, std::int64_t level,
     std::int64_t in_channels);
  Tensor operator()(Tensor x) const;

 private:
  std::string name_;
  bool outermost_;
  ConvTranspose2d convolution_;
  std::optional<BatchNorm> norm_;
};

}  // namespace dagan
