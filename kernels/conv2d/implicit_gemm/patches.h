// The matrix that an implicit GEMM never builds: row m holds what output pixel m sees, column
// (a,b,c) is channel c of tap (a,b). Both the input of a convolution and, one phase at a time, the
// gradient that its input gradient reads have this form.
#pragma once
#include "kernels/conv2d/conv2d.h"

namespace dagan::cpu::implicit_gemm {

constexpr std::int64_t kLine = 16;  // floats of a cache line

constexpr std::int64_t divide_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

struct Pixel {
  std::int64_t n, i, j;
};

// Whether all rows of a tile should be the same pixel: then all of them see the same padding, and a
// tile skips it. That is worth the scattered reads where the padding is a large part.
constexpr bool worth_images_first(std::int64_t images, std::int64_t height, std::int64_t width) {
  return images >= 4 && height * width <= 64;
}

// T: what the elements are stored as, float or bf16.
template <class T>
struct Patches {
  const T* data = nullptr;
  std::int64_t pitch = 0;
  Shape source = {};                    // (N,H,W,C) of data
  std::int64_t taps_h = 1, taps_w = 1;  // a < taps_h, b < taps_w
  std::int64_t step = 1;                // source pixels from one output pixel to the next
  std::int64_t top = 0, left = 0;       // tap (0,0) of output pixel (0,0): negative in the pad
  std::int64_t height = 0, width = 0;   // output pixels of one image
  bool images_first = false;            // row m + 1 is the same pixel of the next image

  std::int64_t rows() const { return source.n * height * width; }
  std::int64_t columns() const { return taps_h * taps_w * source.c; }

  Pixel pixel(std::int64_t row) const {
    if (images_first) return {row % source.n, row / source.n / width, row / source.n % width};
    return {row / width / height, row / width % height, row % width};
  }
  void advance(Pixel& p, std::int64_t within_span) const {
    if (images_first) {
      if ((p.n += within_span) < source.n) return;
      p.n = 0;
      if (++p.j == width) p.j = 0, ++p.i;
    } else {
      if ((p.j += within_span) < width) return;
      p.j = 0;
      if (++p.i == height) p.i = 0, ++p.n;
    }
  }
  // Rows from this one on that differ in one coordinate only.
  std::int64_t span(const Pixel& p) const { return images_first ? source.n - p.n : width - p.j; }
};

// Where row m of the product belongs: output pixel (i,j) is pixel (top + i*step, left + j*step).
template <class T>
struct Target {
  T* data = nullptr;
  std::int64_t pitch = 0;
  Shape shape = {};
  std::int64_t step = 1, top = 0, left = 0;

  T* at(const Pixel& p) const {
    return data + ((p.n * shape.h + top + p.i * step) * shape.w + left + p.j * step) * pitch;
  }
  // From one row to the next of a span.
  std::int64_t next(bool images_first) const {
    return (images_first ? shape.h * shape.w : step) * pitch;
  }
};

// The pixels of dx along one axis for which (pixel + pad) % stride == phase: pixel = first +
// i*stride, i < count. They see the filter's taps phase, phase + stride, ...; with those in falling
// order, so that positions rise, tap 0 of pixel i reads dy at i + start.
struct Phase {
  std::int64_t first, count, taps, start;

  Phase(std::int64_t phase, std::int64_t stride, std::int64_t pad, std::int64_t extent,
        std::int64_t filter)
      : first(((phase - pad) % stride + stride) % stride),
        count(first < extent ? divide_up(extent - first, stride) : 0),
        taps(phase < filter ? divide_up(filter - phase, stride) : 0),
        start((first + pad - phase) / stride - (taps - 1)) {}
};

// The i-th of `parts` nearly equal parts of [0, count) starts here.
constexpr std::int64_t part(std::int64_t i, std::int64_t count, std::int64_t parts) {
  return i * count / parts;
}

}  // namespace dagan::cpu::implicit_gemm
