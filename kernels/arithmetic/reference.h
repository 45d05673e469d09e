// The definition of the sums of tensors, for any scalar.
#pragma once
#include "kernels/arithmetic/arithmetic.h"
#include "kernels/array.h"

namespace dagan::reference {

template <class T>
void linear(LinearGeometry g, Array<T> a, Array<T> b, Array<T> y) {
  for (std::int64_t i = 0; i < a.size(); ++i)
    y[i] = T(g.alpha) * a[i] + (b ? T(g.beta) * b[i] : T(0)) + T(g.constant);
}

template <class T>
void channel_sum(Array<T> x, Array<T> y) {
  for (std::int64_t c = 0; c < y.size(); ++c) y[c] = T(0);
  for (std::int64_t i = 0; i < x.size(); ++i) y[i % x.shape.c] += x[i];
}

}  // namespace dagan::reference
