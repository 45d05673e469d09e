// The definition of the convolution and its gradients: see conv2d.h. T is float, double or
// std::complex<double>; holomorphic in every input.
#pragma once
#include "kernels/array.h"
#include "kernels/conv2d/conv2d.h"

namespace dagan::reference {

template <class T>
void conv2d(Conv2dGeometry geometry, const Array<T>& x, const Array<T>& w, const Array<T>& bias,
            const Array<T>& y, Write write = Write::overwrite) {
  const Shape in = x.shape, filter = w.shape, out = y.shape;
  for (std::int64_t n = 0; n < out.n; ++n)
    for (std::int64_t p = 0; p < out.h; ++p)
      for (std::int64_t q = 0; q < out.w; ++q)
        for (std::int64_t k = 0; k < out.c; ++k) {
          T sum = bias ? bias[k] : T(0);
          for (std::int64_t r = 0; r < filter.h; ++r)
            for (std::int64_t s = 0; s < filter.w; ++s) {
              const std::int64_t h = p * geometry.stride - geometry.pad + r;
              const std::int64_t v = q * geometry.stride - geometry.pad + s;
              if (h < 0 || h >= in.h || v < 0 || v >= in.w) continue;
              for (std::int64_t c = 0; c < in.c; ++c) sum += x(n, h, v, c) * w(k, r, s, c);
            }
          y(n, p, q, k) = write == Write::accumulate ? y(n, p, q, k) + sum : sum;
        }
}

template <class T>
void conv2d_input_grad(Conv2dGeometry geometry, const Array<T>& dy, const Array<T>& w,
                       const Array<T>& bias, const Array<T>& dx, Write write = Write::overwrite) {
  const Shape in = dx.shape, filter = w.shape, out = dy.shape;
  for (std::int64_t n = 0; n < in.n; ++n)
    for (std::int64_t h = 0; h < in.h; ++h)
      for (std::int64_t v = 0; v < in.w; ++v)
        for (std::int64_t c = 0; c < in.c; ++c) {
          T sum = bias ? bias[c] : T(0);
          for (std::int64_t r = 0; r < filter.h; ++r)
            for (std::int64_t s = 0; s < filter.w; ++s) {
              const std::int64_t down = h + geometry.pad - r, right = v + geometry.pad - s;
              if (down < 0 || right < 0) continue;
              if (down % geometry.stride != 0 || right % geometry.stride != 0) continue;
              const std::int64_t p = down / geometry.stride, q = right / geometry.stride;
              if (p >= out.h || q >= out.w) continue;
              for (std::int64_t k = 0; k < out.c; ++k) sum += dy(n, p, q, k) * w(k, r, s, c);
            }
          dx(n, h, v, c) = write == Write::accumulate ? dx(n, h, v, c) + sum : sum;
        }
}

template <class T>
void conv2d_filter_grad(Conv2dGeometry geometry, const Array<T>& x, const Array<T>& dy,
                        const Array<T>& dw, Write write = Write::overwrite) {
  const Shape in = x.shape, filter = dw.shape, out = dy.shape;
  for (std::int64_t k = 0; k < filter.n; ++k)
    for (std::int64_t r = 0; r < filter.h; ++r)
      for (std::int64_t s = 0; s < filter.w; ++s)
        for (std::int64_t c = 0; c < filter.c; ++c) {
          T sum = T(0);
          for (std::int64_t n = 0; n < out.n; ++n)
            for (std::int64_t p = 0; p < out.h; ++p)
              for (std::int64_t q = 0; q < out.w; ++q) {
                const std::int64_t h = p * geometry.stride - geometry.pad + r;
                const std::int64_t v = q * geometry.stride - geometry.pad + s;
                if (h < 0 || h >= in.h || v < 0 || v >= in.w) continue;
                sum += x(n, h, v, c) * dy(n, p, q, k);
              }
          dw(k, r, s, c) = write == Write::accumulate ? dw(k, r, s, c) + sum : sum;
        }
}

}  // namespace dagan::reference
