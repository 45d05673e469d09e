// Convolution and transposed convolution (kernels/conv2d/conv2d.h has the formulas).
#pragma once
#include "kernels/conv2d/conv2d.h"
#include "layers/arithmetic.h"
#include "layers/batch_norm.h"
#include "layers/parameters.h"

namespace dagan {

// x (N,H,W,C), w (K,R,S,C), bias (1,1,1,K) or empty -> (N,P,Q,K) with P = (H + 2 pad - R) / stride
// + 1.
Tensor conv2d(Tensor x, Tensor w, Tensor bias, Conv2dGeometry geometry);

// x (N,P,Q,K), w (K,R,S,C), bias (1,1,1,C) or empty -> (N,H,W,C) with H = (P - 1) stride - 2 pad +
// R: the input gradient of conv2d with the same filter.
Tensor conv_transpose2d(Tensor x, Tensor w, Tensor bias, Conv2dGeometry geometry);

// Either of them, then a batch norm by its running statistics (or null) and a LeakyReLU, as one op.
// A backend with packed convolutions reads w, bias and norm, which must be persistent, once: when
// a Program is made (Program::prepare); for one that runs once, w when it runs. There is no
// gradient.
Tensor packed_conv2d(Conv2dPass pass, Tensor x, Tensor w, Tensor bias, Conv2dGeometry geometry,
                     const BatchNorm* norm, float slope, Runs runs = Runs::often);

enum class Bias { none, present };

// A filter of `kernel` x `kernel` and perhaps a bias, called <name>.filter and <name>.bias. x is
// cast to the type of the network's activations, which is that of the result.
class Conv2d {
 public:
  Conv2d(Parameters& parameters, const std::string& name, std::int64_t in_channels,
         std::int64_t out_channels, std::int64_t kernel, Conv2dGeometry geometry, Bias bias);
  Tensor operator()(Tensor x) const {
    return conv2d(cast(x, filter_.dtype()), filter_, bias_, geometry_);
  }
  Tensor packed(Tensor x, const BatchNorm* norm, float slope, Runs runs) const {
    return packed_conv2d(Conv2dPass::forward, cast(x, filter_.dtype()), filter_, bias_, geometry_,
                         norm, slope, runs);
  }

 private:
  Tensor filter_, bias_;
  Conv2dGeometry geometry_;
};

class ConvTranspose2d {
 public:
  ConvTranspose2d(Parameters& parameters, const std::string& name, std::int64_t in_channels,
                  std::int64_t out_channels, std::int64_t kernel, Conv2dGeometry geometry,
                  Bias bias);
  Tensor operator()(Tensor x) const {
    return conv_transpose2d(cast(x, filter_.dtype()), filter_, bias_, geometry_);
  }
  Tensor packed(Tensor x, const BatchNorm* norm, float slope, Runs runs) const {
    return packed_conv2d(Conv2dPass::input_grad, cast(x, filter_.dtype()), filter_, bias_,
                         geometry_, norm, slope, runs);
  }

 private:
  Tensor filter_, bias_;
  Conv2dGeometry geometry_;
};

}  // namespace dagan
