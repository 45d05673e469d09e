// The definition of normalising and resizing: see image.h.
#pragma once
#include <algorithm>
#include <cmath>

#include "kernels/array.h"
#include "kernels/image/image.h"

namespace dagan::reference {

// The triangle filter's weight of source pixel i for target pixel j, before normalisation.
inline double triangle_weight(std::int64_t i, std::int64_t j, std::int64_t source,
                              std::int64_t target) {
  const double s = double(source) / double(target);
  const double distance = std::abs(double(i) + 0.5 - (double(j) + 0.5) * s);
  return std::max(0.0, 1 - distance / std::max(s, 1.0));
}

template <class T>
void image_normalise_resize(Levels levels, const Array<T>& x, const Array<T>& y) {
  const Shape in = x.shape, out = y.shape;
  for (std::int64_t n = 0; n < out.n; ++n)
    for (std::int64_t p = 0; p < out.h; ++p)
      for (std::int64_t q = 0; q < out.w; ++q)
        for (std::int64_t c = 0; c < out.c; ++c) {
          T sum = T(0);
          double weights = 0;
          for (std::int64_t h = 0; h < in.h; ++h) {
            const double down = triangle_weight(h, p, in.h, out.h);
            if (down == 0) continue;
            for (std::int64_t w = 0; w < in.w; ++w) {
              const double weight = down * triangle_weight(w, q, in.w, out.w);
              sum += x(n, h, w, c) * weight;
              weights += weight;
            }
          }
          const double low = levels.low, high = levels.high;
          y(n, p, q, c) = (sum / weights * 2.0 - (high + low)) / (high - low);
        }
}

}  // namespace dagan::reference
