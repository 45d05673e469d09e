// The convolution and its input gradient. The input gradient falls into stride*stride phases: the
// pixels of dx that meet the same taps of the filter. Each is a convolution of dy with stride 1.
#if defined(DAGAN_CONV2D_DATA_PASSES) == defined(HWY_TARGET_TOGGLE)
#ifdef DAGAN_CONV2D_DATA_PASSES
#undef DAGAN_CONV2D_DATA_PASSES
#else
#define DAGAN_CONV2D_DATA_PASSES
#endif

#include <hwy/highway.h>

#include "kernels/conv2d/implicit_gemm/few_channels-inl.h"
#include "kernels/conv2d/implicit_gemm/pad-inl.h"
#include "kernels/conv2d/implicit_gemm/product-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dagan::cpu::implicit_gemm::HWY_NAMESPACE {

// The panels of the filter, then the padded copy of x.
inline std::int64_t forward_panels_size(Shape w, Shape y) {
  if (!Cut(y.pixels(), w.n, 1).packs_first()) return 0;
  return divide_up(w.n, kPanel) * kPanel * w.h * w.w * w.c;
}

inline std::int64_t forward_scratch(Conv2dGeometry g, Shape x, Shape w, Shape y) {
  return (forward_panels_size(w, y) + padded_size(g, x)) * std::int64_t(sizeof(float));
}

// T: what x, w and y are stored as.
template <class T>
void forward(const Launch& launch, Conv2dGeometry g, View x, View w, View bias, View y,
             Write write) {
  float* packed = reinterpret_cast<float*>(launch.scratch);
  float* padded = packed + forward_panels_size(w.shape, y.shape);
  const auto multiply_all = [&]<class A>(const Patches<A>& patches) HWY_ATTR {
    Product<A, FilterColumns<T>, T> product = {
        .a = patches,
        .b = {w.as<T>(), w.shape.h * w.shape.w * w.shape.c, w.shape.n},
        .columns = w.shape.n,
        .target = {y.as<T>(), y.pitch, y.shape},
        .bias = bias.as<float>(),
        .add = write == Write::accumulate};
    const Cut cut(product.a.rows(), product.columns, 1);
    if (cut.packs_first()) {
      product.packed = packed;
      parallel_for(product.panels(),
                   [&](std::int64_t panel) HWY_ATTR { pack_panel(product, panel, packed); });
    }
    parallel_for(cut.blocks * cut.groups,
                 [&](std::int64_t task) HWY_ATTR { multiply_part(product, cut, task); });
  };
  with_input_patches<T>(g, x, w.shape, y.shape, padded, multiply_all);
}

// Every phase is cut as the largest one.
inline Cut input_grad_cut(Conv2dGeometry g, Shape x) {
  const std::int64_t rows = x.n * divide_up(x.h, g.stride) * divide_up(x.w, g.stride);
  return Cut(rows, x.c, g.stride * g.stride);
}

inline std::int64_t input_grad_scratch(Conv2dGeometry g, Shape x, Shape w) {
  if (const Cells cells(g, x, w); cells.suits()) return cells.scratch();
  if (!input_grad_cut(g, x).packs_first()) return 0;
  return divide_up(x.c, kPanel) * kPanel * w.h * w.w * w.n * std::int64_t(sizeof(float));
}

// T: what dy, w and dx are stored as.
template <class T>
void input_grad(const Launch& launch, Conv2dGeometry g, View dy, View w, View bias, View dx,
                Write write) {
  if (Cells(g, dx.shape, w.shape).suits())
    return input_grad_few<T>(launch, g, dy, w, bias, dx, write);
  const Shape filter = w.shape;
  const Cut cut = input_grad_cut(g, dx.shape);
  float* packed = reinterpret_cast<float*>(launch.scratch);
  const std::int64_t panels = divide_up(filter.c, kPanel), phases = g.stride * g.stride;
  const auto product_of = [&](std::int64_t phase) HWY_ATTR {
    const std::int64_t phase_h = phase / g.stride, phase_w = phase % g.stride;
    const Phase down(phase_h, g.stride, g.pad, dx.shape.h, filter.h);
    const Phase right(phase_w, g.stride, g.pad, dx.shape.w, filter.w);
    return Product<T, FilterRows<T>, T>{
        .a = {.data = dy.as<T>(),
              .pitch = dy.pitch,
              .source = dy.shape,
              .taps_h = down.taps,
              .taps_w = right.taps,
              .step = 1,
              .top = down.start,
              .left = right.start,
              .height = down.count,
              .width = right.count,
              .images_first = worth_images_first(dy.shape.n, down.count, right.count)},
        .b = {w.as<T>(), filter, right.taps, phase_h + (down.taps - 1) * g.stride,
              phase_w + (right.taps - 1) * g.stride, g.stride},
        .columns = filter.c,
        .target = {dx.as<T>(), dx.pitch, dx.shape, g.stride, down.first, right.first},
        .bias = bias.as<float>(),
        .add = write == Write::accumulate};
  };
  // Where the panels of a phase start: behind the taps of the phases before it.
  const auto packed_of = [&](std::int64_t phase) {
    std::int64_t taps = 0;
    for (std::int64_t i = 0; i < phase; ++i)
      taps += Phase(i / g.stride, g.stride, 0, 0, filter.h).taps *
              Phase(i % g.stride, g.stride, 0, 0, filter.w).taps;
    return packed + taps * filter.n * panels * kPanel;
  };
  if (cut.packs_first())
    parallel_for(phases * panels, [&](std::int64_t task) HWY_ATTR {
      pack_panel(product_of(task / panels), task % panels, packed_of(task / panels));
    });
  const std::int64_t tasks = cut.blocks * cut.groups;
  parallel_for(phases * tasks, [&](std::int64_t task) HWY_ATTR {
    Product<T, FilterRows<T>, T> product = product_of(task / tasks);
    if (cut.packs_first()) product.packed = packed_of(task / tasks);
    if (product.a.rows() > 0) multiply_part(product, cut, task % tasks);
  });
}

}  // namespace dagan::cpu::implicit_gemm::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
