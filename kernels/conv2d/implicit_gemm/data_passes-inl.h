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

// Floats of the packed filter of the forward pass, (panel, depth, kPanel).
inline std::int64_t forward_packed_size(Shape w) {
  return divide_up(w.n, kPanel) * kPanel * w.h * w.w * w.c;
}

template <class T>
FilterColumns<T> columns_of(const ConvFilter& filter) {
  const View w = filter.w;
  return {w.as<T>(), w.shape.h * w.shape.w * w.shape.c, w.shape.n, filter.scale};
}

template <class T>
void pack_forward(const ConvFilter& filter, float* packed) {
  const FilterColumns<T> columns = columns_of<T>(filter);
  parallel_for(divide_up(columns.columns, kPanel), [&](std::int64_t panel) HWY_ATTR {
    columns.pack(0, columns.depth, panel * kPanel, packed + panel * columns.depth * kPanel);
  });
}

// The packed filter, where one is made, then the padded copy of x.
inline std::int64_t forward_scratch(Conv2dGeometry g, Shape x, Shape w, Shape y, bool ready) {
  const bool packs = !ready && Cut(y.pixels(), w.n, 1).packs_first();
  return ((packs ? forward_packed_size(w) : 0) + padded_size(g, x)) * std::int64_t(sizeof(float));
}

// T: what x, w and y are stored as.
template <class T>
void forward(const Launch& launch, Conv2dGeometry g, View x, const ConvFilter& filter,
             Finish finish, View y, Write write) {
  const Shape w = filter.w.shape;
  const Cut cut(y.shape.pixels(), w.n, 1);
  const float* ready = filter.ready;
  float* padded = reinterpret_cast<float*>(launch.scratch);
  if (!ready && cut.packs_first()) {
    pack_forward<T>(filter, padded);
    ready = padded;
    padded += forward_packed_size(w);
  }
  const auto multiply_all = [&]<class A>(const Patches<A>& patches) HWY_ATTR {
    const Product<A, FilterColumns<T>, T> product = {.a = patches,
                                                     .b = columns_of<T>(filter),
                                                     .columns = w.n,
                                                     .target = {y.as<T>(), y.pitch, y.shape},
                                                     .finish = finish,
                                                     .add = write == Write::accumulate,
                                                     .packed = ready};
    parallel_for(cut.blocks * cut.groups,
                 [&](std::int64_t task) HWY_ATTR { multiply_part(product, cut, task); });
  };
  with_input_patches<T>(g, x, w, y.shape, padded, multiply_all);
}

// Every phase is cut as the largest one.
inline Cut input_grad_cut(Conv2dGeometry g, Shape x) {
  const std::int64_t rows = x.n * divide_up(x.h, g.stride) * divide_up(x.w, g.stride);
  return Cut(rows, x.c, g.stride * g.stride);
}

// Floats of the packed filter of the input gradient: of all phases, (panel, depth, kPanel) each.
inline std::int64_t input_grad_packed_size(Conv2dGeometry g, Shape x, Shape w) {
  if (const Cells cells(g, x, w); cells.suits()) return cells.packed_size();
  return divide_up(w.c, kPanel) * kPanel * w.h * w.w * w.n;
}

// The matrix B of one phase.
template <class T>
struct PhaseFilter {
  std::int64_t taps_h, taps_w;
  FilterRows<T> b;

  PhaseFilter(Conv2dGeometry g, const ConvFilter& filter, std::int64_t phase) {
    const View w = filter.w;
    const std::int64_t top = phase / g.stride, left = phase % g.stride;
    taps_h = Phase(top, g.stride, 0, 0, w.shape.h).taps;
    taps_w = Phase(left, g.stride, 0, 0, w.shape.w).taps;
    b = {w.as<T>(),
         w.shape,
         taps_w,
         top + (taps_h - 1) * g.stride,
         left + (taps_w - 1) * g.stride,
         g.stride,
         filter.scale};
  }
  std::int64_t depth() const { return taps_h * taps_w * b.filter.n; }
  std::int64_t packed_size() const { return depth() * divide_up(b.filter.c, kPanel) * kPanel; }
};

// Where the panels of a phase start: behind those of the phases before it.
template <class T>
std::int64_t packed_offset(Conv2dGeometry g, const ConvFilter& filter, std::int64_t phase) {
  std::int64_t offset = 0;
  for (std::int64_t i = 0; i < phase; ++i) offset += PhaseFilter<T>(g, filter, i).packed_size();
  return offset;
}

template <class T>
void pack_input_grad(Conv2dGeometry g, Shape x, const ConvFilter& filter, float* packed) {
  const Shape w = filter.w.shape;
  if (const Cells cells(g, x, w); cells.suits()) return pack_cells<T>(cells, filter, packed);
  const std::int64_t panels = divide_up(w.c, kPanel);
  parallel_for(g.stride * g.stride * panels, [&](std::int64_t task) HWY_ATTR {
    const std::int64_t phase = task / panels, panel = task % panels;
    const PhaseFilter<T> of_phase(g, filter, phase);
    const std::int64_t depth = of_phase.depth();
    of_phase.b.pack(0, depth, panel * kPanel,
                    packed + packed_offset<T>(g, filter, phase) + panel * depth * kPanel);
  });
}

inline std::int64_t input_grad_scratch(Conv2dGeometry g, Shape x, Shape w, bool ready) {
  const bool packs = Cells(g, x, w).suits() || input_grad_cut(g, x).packs_first();
  return packs && !ready ? input_grad_packed_size(g, x, w) * std::int64_t(sizeof(float)) : 0;
}

// T: what dy, w and dx are stored as.
template <class T>
void input_grad(const Launch& launch, Conv2dGeometry g, View dy, const ConvFilter& filter,
                Finish finish, View dx, Write write) {
  const Shape w = filter.w.shape;
  const Cells cells(g, dx.shape, w);
  const Cut cut = input_grad_cut(g, dx.shape);
  const float* ready = filter.ready;
  if (!ready && (cells.suits() || cut.packs_first())) {
    float* packed = reinterpret_cast<float*>(launch.scratch);
    pack_input_grad<T>(g, dx.shape, filter, packed);
    ready = packed;
  }
  if (cells.suits()) return input_grad_few<T>(cells, g, dy, ready, finish, dx, write);
  const auto product_of = [&](std::int64_t phase) HWY_ATTR {
    const Phase down(phase / g.stride, g.stride, g.pad, dx.shape.h, w.h);
    const Phase right(phase % g.stride, g.stride, g.pad, dx.shape.w, w.w);
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
        .b = PhaseFilter<T>(g, filter, phase).b,
        .columns = w.c,
        .target = {dx.as<T>(), dx.pitch, dx.shape, g.stride, down.first, right.first},
        .finish = finish,
        .add = write == Write::accumulate,
        .packed = ready ? ready + packed_offset<T>(g, filter, phase) : nullptr};
  };
  const std::int64_t tasks = cut.blocks * cut.groups;
  parallel_for(g.stride * g.stride * tasks, [&](std::int64_t task) HWY_ATTR {
    const Product<T, FilterRows<T>, T> product = product_of(task / tasks);
    if (product.a.rows() > 0) multiply_part(product, cut, task % tasks);
  });
}

}  // namespace dagan::cpu::implicit_gemm::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
