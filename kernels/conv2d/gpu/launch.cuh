// The host's side: from views to a problem, how its depth is split, and the sum of the splits.
#pragma once
#include "kernels/conv2d/conv2d.h"
#include "kernels/conv2d/gpu/kernel.cuh"
#include "kernels/device/elements.cuh"

namespace dagan::DAGAN_BACKEND::implicit_gemm {

inline std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

inline Problem make_problem(Conv2dGeometry geometry, Shape x, Shape w, Shape y) {
  for (const Shape& shape : {x, w, y}) {
    gpu::require(shape.size() < (std::int64_t(1) << 31), "conv2d", shape, "has 2^31 elements");
    gpu::require(shape.h < 8192 && shape.w < 8192, "conv2d", shape, "has 8192 pixels in a line");
  }
  gpu::require(geometry.pad < 4096 && geometry.stride < 256, "conv2d", w, "has a huge geometry");
  Problem g = {};
  g.n = int(x.n), g.h = int(x.h), g.w = int(x.w), g.c = int(x.c);
  g.k = int(w.n), g.r = int(w.h), g.s = int(w.w);
  g.p = int(y.h), g.q = int(y.w);
  g.stride = geometry.stride, g.pad = geometry.pad;
  g.pixels = int(y.pixels()), g.window = int(w.h * w.w * w.c);
  return g;
}

// A problem with few tiles of output is split along its depth, until there are blocks enough for a
// GPU of some 130 multiprocessors; the split depends on the shape alone, and so do the bits.
template <class Pass>
int splits(const Problem& g) {
  constexpr std::int64_t kBlocks = 264, kLeastDepth = 256, kMost = 64;
  const std::int64_t tiles =
      ceil_div(Pass::most_rows(g), 64) * ceil_div(Pass::columns_of(g), 64) * Pass::phases(g);
  const std::int64_t wanted = ceil_div(kBlocks, tiles);
  const std::int64_t possible = Pass::most_depth(g) / kLeastDepth;
  return int(std::max<std::int64_t>(1, std::min({wanted, possible, kMost})));
}

template <class Pass>
std::int64_t scratch_bytes(const Problem& g, Shape output) {
  const int count = splits<Pass>(g);
  return count == 1 ? 0 : count * output.size() * std::int64_t(sizeof(float));
}

template <int V>
GPU_KERNEL(256, 48)
conv2d_add_splits(View out, const float* partial, int splits, const float* bias, Write write) {
  const auto size = std::int64_t(out.shape.size());
  gpu::for_each_element<V>(out.shape, [&](unsigned pixel, unsigned c) {
    const float* from = partial + (std::int64_t(pixel) * out.shape.c + c);
    Vec<float, V> r_sum = gpu::load<float, V>(from);
    for (int i = 1; i < splits; ++i) {
      const auto r_next = gpu::load<float, V>(from += size);
      for (int e = 0; e < V; ++e) r_sum[e] += r_next[e];
    }
    if (bias != nullptr) {
      for (int e = 0; e < V; ++e) r_sum[e] += bias[c + e];
    }
    gpu::write(out, gpu::offset(out, pixel, c), r_sum, write);
  });
}

inline bool movable(const View& view, int bytes) {
  const std::int64_t count = bytes / size_of(view.dtype);
  return view.shape.c % count == 0 && view.pitch % count == 0 &&
         reinterpret_cast<std::uintptr_t>(view.data) % unsigned(bytes) == 0;
}

template <class Pass, class Tile>
std::int64_t tiles(const Problem& g) {
  return ceil_div(Pass::most_rows(g), Tile::kM) * ceil_div(Pass::columns_of(g), Tile::kN) *
         Pass::phases(g);
}

template <class Pass, class Tile>
gpu::Grid grid(const Problem& g) {
  return {.blocks = {ceil_div(Pass::most_rows(g), Tile::kM),
                     ceil_div(Pass::columns_of(g), Tile::kN), Pass::phases(g) * g.splits},
          .threads = {Tile::kThreads},
          .shared_bytes = kSharedBytes<Tile>};
}

// The problem with its operands, whose type is the product's, and its output.
inline Problem problem_of(Problem g, DType operands, View a, View b, View bias, View out,
                          Write write) {
  for (const View& view : {a, b}) {
    gpu::require(
        view.dtype == operands, "conv2d", view.shape,
        operands == DType::f32
            ? "is bf16, but this version takes f32: choose another, or activations of f32"
            : "is f32, but this version takes bf16: choose another, or activations of bf16");
  }
  for (const View& view : {a, b, out}) {
    gpu::require(view.shape.pixels() * view.pitch < (std::int64_t(1) << 31), "conv2d", view.shape,
                 "spans 2^31 elements");
  }
  g.a = a.data, g.b = b.data, g.a_pitch = int(a.pitch), g.b_pitch = int(b.pitch);
  g.out = out.data, g.out_pitch = int(out.pitch);
  g.bias = bias.as<const float>();
  g.accumulate = write == Write::accumulate;
  g.wide = movable(out, 16);
  return g;
}

// Launches the kernel that Product::start chooses, which is told whether both operands may be
// copied 16 bytes at a time, and adds the splits.
template <class Product, class Pass>
void run(const Launch& launch, Problem g, View a, View b, View bias, View out, Write write) {
  g = problem_of(g, Product::kOperands, a, b, bias, out, write);
  g.splits = splits<Pass>(g);
  g.partial = g.splits == 1 ? nullptr : reinterpret_cast<float*>(launch.scratch);
  Product::template start<Pass>(launch, g, movable(a, 16) && movable(b, 16));
  if (g.splits == 1) return;
  const bool wide = out.shape.c % 4 == 0 && movable(out, 4 * int(size_of(out.dtype)));
  const std::int64_t blocks = ceil_div(out.shape.size() / (wide ? 4 : 1), 256);
  gpu::launch(launch, {.blocks = {std::min<std::int64_t>(blocks, 2048)}, .threads = {256}},
              wide ? conv2d_add_splits<4> : conv2d_add_splits<1>, out, g.partial, g.splits, g.bias,
              write);
}

template <class Product>
void forward(const Launch& launch, Conv2dGeometry geometry, View x, View w, View bias, View y,
             Write write) {
  run<Product, ForwardPass>(launch, make_problem(geometry, x.shape, w.shape, y.shape), x, w, bias,
                            y, write);
}

// Whether the input gradient goes by the spread: see passes.cuh.
inline bool spreads(const Problem& g) { return g.c <= 8 && g.r * g.s > 1; }

inline std::int64_t spread_bytes(const Problem& g) {
  return std::int64_t(g.pixels) * g.window * std::int64_t(sizeof(float));
}

template <int>  // a template, so that several files may hold it
GPU_KERNEL(256, 64) conv2d_gather_spread(Problem g, const float* spread, View dx, Write write) {
  gpu::for_each_element<1>(dx.shape, [&](unsigned pixel, unsigned c) {
    const int line = int(pixel) / g.w, image = line / g.h;
    const int down = line % g.h + g.pad, right = int(pixel) % g.w + g.pad;
    float sum = 0;
    for (int r = down % g.stride; r < g.r && r <= down; r += g.stride) {
      const int p = (down - r) / g.stride;
      if (p >= g.p) continue;
      for (int s = right % g.stride; s < g.s && s <= right; s += g.stride) {
        const int q = (right - s) / g.stride;
        if (q >= g.q) continue;
        const int from = (image * g.p + p) * g.q + q;
        sum += spread[from * g.window + (r * g.s + s) * g.c + int(c)];
      }
    }
    if (g.bias != nullptr) sum += g.bias[c];
    gpu::write(dx, gpu::offset(dx, pixel, c), Vec<float, 1>{sum}, write);
  });
}

template <class Product>
void input_grad_by_spread(const Launch& launch, const Problem& g, View dy, View w, View bias,
                          View dx, Write write) {
  auto* const spread = reinterpret_cast<float*>(launch.scratch);
  View rows = w;  // a filter is one row
  rows.shape = {g.k, 1, 1, rows.pitch = g.window};
  Problem product = problem_of(g, Product::kOperands, dy, rows, {},
                               view_of(spread, {g.pixels, 1, 1, g.window}), Write::overwrite);
  product.splits = 1;
  Product::template start<SpreadPass>(launch, product, movable(dy, 16) && movable(rows, 16));
  product.bias = bias.as<const float>();
  const std::int64_t blocks = std::min<std::int64_t>(ceil_div(dx.shape.size(), 256), 4096);
  gpu::launch(launch, {.blocks = {blocks}, .threads = {256}}, conv2d_gather_spread<0>, product,
              spread, dx, write);
}

template <class Product>
void input_grad(const Launch& launch, Conv2dGeometry geometry, View dy, View w, View bias, View dx,
                Write write) {
  const Problem g = make_problem(geometry, dx.shape, w.shape, dy.shape);
  if (spreads(g)) {
    input_grad_by_spread<Product>(launch, g, dy, w, bias, dx, write);
  } else {
    run<Product, InputGradPass>(launch, g, dy, w, bias, dx, write);
  }
}

template <class Product>
void filter_grad(const Launch& launch, Conv2dGeometry geometry, View x, View dy, View dw,
                 Write write) {
  View rows = dw;  // a filter is one row of the product
  rows.shape = {dw.shape.n, 1, 1, rows.pitch = dw.shape.size() / dw.shape.n};
  run<Product, FilterGradPass>(launch, make_problem(geometry, x.shape, dw.shape, dy.shape), dy, x,
                               {}, rows, write);
}

}  // namespace dagan::DAGAN_BACKEND::implicit_gemm
