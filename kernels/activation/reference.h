// The definition of the activations, for any scalar. A sign is the sign of the real part.
#pragma once
#include <cmath>
#include <complex>

#include "kernels/array.h"

namespace dagan::reference {

template <class T>
void leaky_relu(float slope, Array<T> x, Array<T> y) {
  for (std::int64_t i = 0; i < x.size(); ++i) y[i] = std::real(x[i]) > 0 ? x[i] : T(slope) * x[i];
}

template <class T>
void leaky_relu_grad(float slope, Array<T> y, Array<T> dy, Array<T> dx) {
  for (std::int64_t i = 0; i < y.size(); ++i)
    dx[i] = std::real(y[i]) > 0 ? dy[i] : T(slope) * dy[i];
}

template <class T>
void tanh(Array<T> x, Array<T> y) {
  for (std::int64_t i = 0; i < x.size(); ++i) y[i] = std::tanh(x[i]);
}

template <class T>
void tanh_grad(Array<T> y, Array<T> dy, Array<T> dx) {
  for (std::int64_t i = 0; i < y.size(); ++i) dx[i] = (T(1) - y[i] * y[i]) * dy[i];
}

}  // namespace dagan::reference
