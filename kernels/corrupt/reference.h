// The definitions of augment and corrupt: see corrupt.h, and draws.h for the random numbers.
#pragma once
#include <complex>

#include "kernels/array.h"
#include "kernels/corrupt/draws.h"

namespace dagan::reference {

template <class T>
void augment(AugmentGeometry g, std::uint32_t step, const Array<T>& x, const Array<T>& y) {
  const Shape s = x.shape;
  for (std::int64_t n = 0; n < s.n; ++n) {
    const Pose to = pose(g, step, n);
    for (std::int64_t h = 0; h < s.h; ++h)
      for (std::int64_t w = 0; w < s.w; ++w)
        for (std::int64_t c = 0; c < s.c; ++c)
          y(n, h, w, c) = x(n, source_pixel(h, s.h, to.down, to.flip_vertical),
                            source_pixel(w, s.w, to.right, to.flip_horizontal), c);
  }
}

// One element before the noise: what the last rectangle that covers it makes of it.
template <class T>
T damaged(CorruptGeometry g, std::uint32_t step, const Array<T>& x, std::int64_t n, std::int64_t h,
          std::int64_t w, std::int64_t c) {
  for (int r = rectangle_count(g, step, n) - 1; r >= 0; --r) {
    const Damage d = rectangle(g, step, x.shape, n, r);
    const std::int64_t row = h - d.top, column = w - d.left;
    if (row < 0 || row >= d.height || column < 0 || column >= d.width) continue;
    if (d.paste) return x(d.donor, d.donor_top + row, d.donor_left + column, c);
    const T shifted = x(n, h, w, c) + T(d.brightness);
    return std::real(shifted) < -1 ? T(-1) : std::real(shifted) > 1 ? T(1) : shifted;
  }
  return x(n, h, w, c);
}

template <class T>
void corrupt(CorruptGeometry g, std::uint32_t step, const Array<T>& x, const Array<T>& y) {
  const Shape s = x.shape;
  for (std::int64_t n = 0; n < s.n; ++n)
    for (std::int64_t e = 0; e < s.h * s.w * s.c; ++e) {
      const auto words = draw(g.seed, step, n, Draw::noise, e / 4);
      const std::size_t half = e % 4 / 2 * 2;
      const Pair pair = normal_pair(words[half], words[half + 1]);
      const double noise = double(g.noise) * double(e % 2 ? pair.second : pair.first);
      y[n * s.h * s.w * s.c + e] =
          damaged(g, step, x, n, e / s.c / s.w, e / s.c % s.w, e % s.c) + noise;
    }
}

}  // namespace dagan::reference
