// The definitions of the residual map and the score: see residual.h.
#pragma once
#include <algorithm>
#include <complex>
#include <vector>

#include "kernels/array.h"
#include "kernels/residual/residual.h"

namespace dagan::reference {

template <class T>
void pooled_residual(int radius, const Array<T>& x, const Array<T>& y, const Array<T>& map) {
  const Shape s = x.shape;
  const double window = (2.0 * radius + 1) * (2.0 * radius + 1);
  for (std::int64_t n = 0; n < s.n; ++n)
    for (std::int64_t h = 0; h < s.h; ++h)
      for (std::int64_t w = 0; w < s.w; ++w) {
        T sum = T(0);
        for (std::int64_t i = h - radius; i <= h + radius; ++i)
          for (std::int64_t j = w - radius; j <= w + radius; ++j) {
            if (i < 0 || i >= s.h || j < 0 || j >= s.w) continue;
            for (std::int64_t c = 0; c < s.c; ++c) {
              const T difference = x(n, i, j, c) - y(n, i, j, c);
              sum += difference * difference;
            }
          }
        map(n, h, w, 0) = sum / (window * double(s.c));
      }
}

template <class T>
void standardise(const Array<T>& map, const Array<T>& mean, const Array<T>& spread,
                 const Array<T>& out) {
  const std::int64_t pixels = map.shape.h * map.shape.w;
  for (std::int64_t i = 0; i < map.size(); ++i)
    out[i] = (map[i] - mean[i % pixels]) / spread[i % pixels];
}

template <class T>
void top_mean(float fraction, const Array<T>& map, const Array<T>& scores) {
  const std::int64_t pixels = map.shape.h * map.shape.w, count = top_count(fraction, map.shape);
  for (std::int64_t n = 0; n < map.shape.n; ++n) {
    std::vector<T> values(map.data + n * pixels, map.data + (n + 1) * pixels);
    std::sort(values.begin(), values.end(),
              [](const T& a, const T& b) { return std::real(a) > std::real(b); });
    T sum = T(0);
    for (std::int64_t i = 0; i < count; ++i) sum += values[std::size_t(i)];
    scores[n] = sum / double(count);
  }
}

}  // namespace dagan::reference
