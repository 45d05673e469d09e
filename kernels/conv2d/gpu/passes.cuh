// The three passes as products of matrices, D = A B, whose operands are never built.
//
//   pass            rows of D            columns  depth             A              B
//   forward         (n,p,q)              k        (r,s,c)           windows of x   w
//   input gradient  (n,h,w) of a phase   c        (tap, k)          windows of dy  w
//   filter gradient k                    (r,s,c)  (n,p,q)           dy             windows of x
//   spread          (n,p,q)              (r,s,c)  k                 dy             w
//
// A phase of the input gradient are the pixels that meet the same taps, one in stride of each
// direction: there it is a convolution of stride 1 by every stride-th tap. So each element of dx is
// summed by one thread. Few channels would leave most columns of a tile empty: there the spread is
// computed, what each pixel of dy adds to each pixel of dx that it meets, and dx gathers it.
#pragma once
#include "kernels/conv2d/gpu/loaders.cuh"

namespace dagan::DAGAN_BACKEND::implicit_gemm {

struct Problem {
  int n, h, w, c, k, r, s, p, q, stride, pad;  // the letters of conv2d.h
  int pixels, window;                          // N P Q and R S C
  const void *a, *b;                           // what A and B are made of
  int a_pitch, b_pitch;
  void* out;
  int out_pitch;
  const float* bias;  // or null
  float* partial;     // sums of each split, [split][pixel of the output][channel]; null: no splits
  int splits;         // of the depth
  bool accumulate, wide;  // wide: the output may be written 16 bytes at a time
};

struct ForwardPass {
  template <class T>
  using Out = T;
  template <class T, class Tile, int kElements>
  using A = WindowColumns<T, Tile::kM, Tile::kThreads, kElements>;
  template <class T, class Tile, int kElements>
  using B = MatrixColumns<T, Tile::kN, Tile::kThreads, kElements>;

  int rows, columns, depth;
  Windows a;
  Matrix b;

  static int phases(const Problem&) { return 1; }
  static int most_rows(const Problem& g) { return g.pixels; }
  static int most_depth(const Problem& g) { return g.window; }
  static int columns_of(const Problem& g) { return g.k; }

  GPU_DEVICE ForwardPass(const Problem& g, int)
      : rows(g.pixels),
        columns(g.k),
        depth(g.window),
        a{.data = g.a,
          .height = g.h,
          .width = g.w,
          .pitch = g.a_pitch,
          .channels = g.c,
          .grid_rows = g.p,
          .grid_columns = g.q,
          .y = -g.pad,
          .x = -g.pad,
          .step = g.stride,
          .taps_down = g.r,
          .taps_right = g.s,
          .tap = 1,
          .count = rows},
        b{g.b, depth, g.k, depth} {}

  GPU_DEVICE int output_row(int m) const { return m; }
  static GPU_DEVICE int output_rows(const Problem& g) { return g.pixels; }
};

struct InputGradPass {
  template <class T>
  using Out = T;
  template <class T, class Tile, int kElements>
  using A = WindowColumns<T, Tile::kM, Tile::kThreads, kElements>;
  template <class T, class Tile, int kElements>
  using B = TapRows<T, Tile::kN, Tile::kThreads, kElements>;

  int rows, columns, depth;
  Windows a;
  Taps b;
  int first_h, first_w, stride, height, width;  // the phase's pixels of dx

  static int phases(const Problem& g) { return g.stride * g.stride; }
  static int most_rows(const Problem& g) {
    return g.n * ((g.h + g.stride - 1) / g.stride) * ((g.w + g.stride - 1) / g.stride);
  }
  static int most_depth(const Problem& g) {
    return ((g.r + g.stride - 1) / g.stride) * ((g.s + g.stride - 1) / g.stride) * g.k;
  }
  static int columns_of(const Problem& g) { return g.c; }

  GPU_DEVICE InputGradPass(const Problem& g, int phase)
      : columns(g.c), stride(g.stride), height(g.h), width(g.w) {
    // dx(h) = sum_i dy((h + pad - r) / stride - i) w(r + i stride), where r = (h + pad) % stride.
    const int r = phase / stride, s = phase % stride;
    first_h = (r + stride - g.pad % stride) % stride;
    first_w = (s + stride - g.pad % stride) % stride;
    const int down = (g.r - r + stride - 1) / stride, right = (g.s - s + stride - 1) / stride;
    a = {.data = g.a,
         .height = g.p,
         .width = g.q,
         .pitch = g.a_pitch,
         .channels = g.k,
         .grid_rows = (g.h - first_h + stride - 1) / stride,
         .grid_columns = (g.w - first_w + stride - 1) / stride,
         .y = (first_h + g.pad - r) / stride,
         .x = (first_w + g.pad - s) / stride,
         .step = 1,
         .taps_down = r < g.r ? down : 0,
         .taps_right = s < g.s ? right : 0,
         .tap = -1,
         .count = 0};
    a.count = rows = g.n * a.grid_rows * a.grid_columns;
    b = {g.b, g.k, g.c, g.r, g.s, r, s, stride, a.taps_down, a.taps_right};
    depth = a.taps_down * a.taps_right * g.k;
  }

  GPU_DEVICE int output_row(int m) const {
    const int line = m / a.grid_columns, image = line / a.grid_rows;
    const int h = first_h + line % a.grid_rows * stride;
    return (image * height + h) * width + first_w + m % a.grid_columns * stride;
  }
  static GPU_DEVICE int output_rows(const Problem& g) { return g.n * g.h * g.w; }
};

struct FilterGradPass {
  template <class T>
  using Out = float;
  template <class T, class Tile, int kElements>
  using A = MatrixRows<T, Tile::kM, Tile::kThreads, kElements>;
  template <class T, class Tile, int kElements>
  using B = WindowRows<T, Tile::kN, Tile::kThreads, kElements>;

  int rows, columns, depth;
  Matrix a;
  Windows b;

  static int phases(const Problem&) { return 1; }
  static int most_rows(const Problem& g) { return g.k; }
  static int most_depth(const Problem& g) { return g.pixels; }
  static int columns_of(const Problem& g) { return g.window; }

  GPU_DEVICE FilterGradPass(const Problem& g, int)
      : rows(g.k),
        columns(g.window),
        depth(g.pixels),
        a{g.a, g.a_pitch, depth, g.k},
        b{.data = g.b,
          .height = g.h,
          .width = g.w,
          .pitch = g.b_pitch,
          .channels = g.c,
          .grid_rows = g.p,
          .grid_columns = g.q,
          .y = -g.pad,
          .x = -g.pad,
          .step = g.stride,
          .taps_down = g.r,
          .taps_right = g.s,
          .tap = 1,
          .count = depth} {}

  GPU_DEVICE int output_row(int m) const { return m; }
  static GPU_DEVICE int output_rows(const Problem& g) { return g.k; }
};

struct SpreadPass {
  template <class T>
  using Out = float;
  template <class T, class Tile, int kElements>
  using A = MatrixColumns<T, Tile::kM, Tile::kThreads, kElements>;
  template <class T, class Tile, int kElements>
  using B = MatrixRows<T, Tile::kN, Tile::kThreads, kElements>;

  int rows, columns, depth;
  Matrix a, b;

  static int phases(const Problem&) { return 1; }
  static int most_rows(const Problem& g) { return g.pixels; }
  static int most_depth(const Problem& g) { return g.k; }
  static int columns_of(const Problem& g) { return g.window; }

  GPU_DEVICE SpreadPass(const Problem& g, int)
      : rows(g.pixels),
        columns(g.window),
        depth(g.k),
        a{g.a, g.a_pitch, g.pixels, g.k},
        b{g.b, g.window, g.k, g.window} {}

  GPU_DEVICE int output_row(int m) const { return m; }
  static GPU_DEVICE int output_rows(const Problem& g) { return g.pixels; }
};

}  // namespace dagan::DAGAN_BACKEND::implicit_gemm
