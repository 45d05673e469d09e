// The definition of the losses, for any scalar. A sign is the sign of the real part.
#pragma once
#include <complex>

#include "kernels/array.h"

namespace dagan::reference {

template <class T>
T sign(T x) {
  return T(double(std::real(x) > 0) - double(std::real(x) < 0));
}

template <class T>
void squared_error(Array<T> a, Array<T> b, Array<T> loss) {
  T sum = T(0);
  for (std::int64_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  loss[0] = sum / T(double(a.size()));
}

template <class T>
void squared_error_grad(Array<T> a, Array<T> b, Array<T> dloss, Array<T> da) {
  for (std::int64_t i = 0; i < a.size(); ++i)
    da[i] = T(2) * (a[i] - b[i]) / T(double(a.size())) * dloss[0];
}

template <class T>
void absolute_error(Array<T> a, Array<T> b, Array<T> loss) {
  T sum = T(0);
  for (std::int64_t i = 0; i < a.size(); ++i) sum += sign(a[i] - b[i]) * (a[i] - b[i]);
  loss[0] = sum / T(double(a.size()));
}

template <class T>
void absolute_error_grad(Array<T> a, Array<T> b, Array<T> dloss, Array<T> da) {
  for (std::int64_t i = 0; i < a.size(); ++i)
    da[i] = sign(a[i] - b[i]) / T(double(a.size())) * dloss[0];
}

}  // namespace dagan::reference
