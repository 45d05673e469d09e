// The definition of batch normalisation, for any scalar.
#pragma once
#include <cmath>
#include <complex>

#include "kernels/array.h"
#include "kernels/batch_norm/batch_norm.h"

namespace dagan::reference {

template <class T>
void batch_norm_statistics(BatchNormGeometry g, Array<T> x, Array<T> mean, Array<T> rstd,
                           Array<T> running_mean, Array<T> running_var) {
  const std::int64_t channels = x.shape.c;
  const T pixels = T(double(x.shape.pixels())), momentum = T(g.momentum);
  for (std::int64_t c = 0; c < channels; ++c) {
    T sum = T(0), squares = T(0);
    for (std::int64_t i = c; i < x.size(); i += channels) sum += x[i];
    mean[c] = sum / pixels;
    for (std::int64_t i = c; i < x.size(); i += channels)
      squares += (x[i] - mean[c]) * (x[i] - mean[c]);
    rstd[c] = T(1) / std::sqrt(squares / pixels + T(g.epsilon));
    running_mean[c] += momentum * (mean[c] - running_mean[c]);
    running_var[c] += momentum * (squares / (pixels - T(1)) - running_var[c]);
  }
}

// The LeakyReLU that follows: its value where it is f = z, its gradient where f = dy.
template <class T>
T activated(T z, T f, float slope) {
  return std::real(z) > 0 ? f : T(slope) * f;
}

template <class T>
void batch_norm(Array<T> x, Array<T> mean, Array<T> rstd, Array<T> gamma, Array<T> beta,
                float slope, Array<T> y) {
  for (std::int64_t i = 0; i < x.size(); ++i) {
    const std::int64_t c = i % x.shape.c;
    const T z = gamma[c] * (x[i] - mean[c]) * rstd[c] + beta[c];
    y[i] = activated(z, z, slope);
  }
}

template <class T>
void batch_norm_evaluate(BatchNormGeometry g, Array<T> x, Array<T> running_mean,
                         Array<T> running_var, Array<T> gamma, Array<T> beta, float slope,
                         Array<T> y) {
  for (std::int64_t i = 0; i < x.size(); ++i) {
    const std::int64_t c = i % x.shape.c;
    const T rstd = T(1) / std::sqrt(running_var[c] + T(g.epsilon));
    const T z = gamma[c] * (x[i] - running_mean[c]) * rstd + beta[c];
    y[i] = activated(z, z, slope);
  }
}

template <class T>
void batch_norm_grad(Array<T> dy, Array<T> x, Array<T> mean, Array<T> rstd, Array<T> gamma,
                     Array<T> beta, float slope, Array<T> dx, Array<T> dgamma, Array<T> dbeta) {
  const T pixels = T(double(x.shape.pixels()));
  const auto h = [&](std::int64_t i, std::int64_t c) { return (x[i] - mean[c]) * rstd[c]; };
  const auto dz = [&](std::int64_t i, std::int64_t c) {
    return activated(gamma[c] * h(i, c) + beta[c], dy[i], slope);
  };
  for (std::int64_t c = 0; c < x.shape.c; ++c) {
    dgamma[c] = dbeta[c] = T(0);
    for (std::int64_t i = c; i < x.size(); i += x.shape.c) {
      dgamma[c] += dz(i, c) * h(i, c);
      dbeta[c] += dz(i, c);
    }
    for (std::int64_t i = c; i < x.size(); i += x.shape.c)
      dx[i] = gamma[c] * rstd[c] * (dz(i, c) - dbeta[c] / pixels - h(i, c) * dgamma[c] / pixels);
  }
}

}  // namespace dagan::reference
