// The patches of a convolution's input. Few channels are first copied with their padding: then the
// taps of a line lie side by side for every pixel and count as one tap of taps_w * C channels.
#if defined(DAGAN_CONV2D_PAD) == defined(HWY_TARGET_TOGGLE)
#ifdef DAGAN_CONV2D_PAD
#undef DAGAN_CONV2D_PAD
#else
#define DAGAN_CONV2D_PAD
#endif

#include <hwy/highway.h>

#include "kernels/conv2d/implicit_gemm/pack-inl.h"
#include "kernels/parallel.h"

HWY_BEFORE_NAMESPACE();
namespace dagan::cpu::implicit_gemm::HWY_NAMESPACE {

constexpr std::int64_t kFewChannels = 16;  // fewer than this

// Floats of the copy, a multiple of a cache line; 0 where none is made.
inline std::int64_t padded_size(Conv2dGeometry g, Shape x) {
  if (x.c >= kFewChannels) return 0;
  return divide_up(x.n * (x.h + 2 * g.pad) * (x.w + 2 * g.pad) * x.c, 16) * 16;
}

template <class T>
void pad_line(Conv2dGeometry g, View x, std::int64_t index, float* to) {
  const Shape s = x.shape;
  const std::int64_t lines = s.h + 2 * g.pad, line = (s.w + 2 * g.pad) * s.c;
  const std::int64_t n = index / lines, h = index % lines - g.pad;
  to += index * line;
  if (h < 0 || h >= s.h) return zero_run(to, line);
  const T* from = x.as<T>() + (n * s.h + h) * s.w * x.pitch;
  zero_run(to, g.pad * s.c);
  to += g.pad * s.c;
  copy_pixels(from, x.pitch, to, s.c, s.w, s.c);
  zero_run(to + s.w * s.c, g.pad * s.c);
}

// Calls f with the patches of x, which is stored as T; those of a padded copy are in f32. `padded`
// has room for padded_size(g, x.shape) floats.
template <class T, class F>
void with_input_patches(Conv2dGeometry g, View x, Shape w, Shape y, float* padded, F f) {
  if (padded_size(g, x.shape) == 0)
    return f(Patches<T>{.data = x.as<T>(),
                        .pitch = x.pitch,
                        .source = x.shape,
                        .taps_h = w.h,
                        .taps_w = w.w,
                        .step = g.stride,
                        .top = -g.pad,
                        .left = -g.pad,
                        .height = y.h,
                        .width = y.w,
                        .images_first = worth_images_first(y.n, y.h, y.w)});
  const std::int64_t height = x.shape.h + 2 * g.pad, width = x.shape.w + 2 * g.pad;
  parallel_for(x.shape.n * height,
               [&](std::int64_t line) HWY_ATTR { pad_line<T>(g, x, line, padded); });
  f(Patches<float>{.data = padded,
                   .pitch = x.shape.c,
                   .source = {x.shape.n, height, width, w.w * x.shape.c},
                   .taps_h = w.h,
                   .step = g.stride,
                   .height = y.h,
                   .width = y.w});
}

}  // namespace dagan::cpu::implicit_gemm::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
