// The filter gradient, dw = dy^T patches: the depth of the product is the pixels, in blocks.
#if defined(DAGAN_CONV2D_FILTER_GRAD) == defined(HWY_TARGET_TOGGLE)
#ifdef DAGAN_CONV2D_FILTER_GRAD
#undef DAGAN_CONV2D_FILTER_GRAD
#else
#define DAGAN_CONV2D_FILTER_GRAD
#endif

#include <hwy/highway.h>

#include <algorithm>

#include "kernels/conv2d/implicit_gemm/pack-inl.h"
#include "kernels/parallel.h"

HWY_BEFORE_NAMESPACE();
namespace dagan::cpu::implicit_gemm::HWY_NAMESPACE {

// One task makes one panel of dw's columns (r,s,c), from one group of blocks of pixels. Where
// panels are few there are several groups: their sums go to scratch and are then added in order.
struct FilterGradCut {
  std::int64_t filters, columns, pixels, tiles, blocks, panels, groups;

  FilterGradCut(Shape w, Shape y)
      : filters(w.n),
        columns(w.h * w.w * w.c),
        pixels(y.pixels()),
        tiles(divide_up(filters, kMaxRows)),
        blocks(divide_up(pixels, kDepth)),
        panels(divide_up(columns, kPanel)) {
    constexpr std::int64_t kTasks = 16, kMinBlocks = 2;
    groups = std::clamp<std::int64_t>(divide_up(kTasks, panels), 1,
                                      std::max<std::int64_t>(1, blocks / kMinBlocks));
  }

  // dy by (block, tile, pixel, row of the tile), then the groups' sums.
  std::int64_t packed_size() const { return blocks * tiles * kDepth * kMaxRows; }
  std::int64_t sums_size() const { return groups > 1 ? groups * filters * columns : 0; }
  std::int64_t scratch() const {
    return (packed_size() + sums_size()) * std::int64_t(sizeof(float));
  }
};

inline void pack_filter_grad_block(const FilterGradCut& cut, View dy, std::int64_t block,
                                   float* packed) {
  const std::int64_t first = block * kDepth, last = std::min(cut.pixels, first + kDepth);
  for (std::int64_t tile = 0; tile < cut.tiles; ++tile) {
    const std::int64_t k = part(tile, cut.filters, cut.tiles);
    const std::int64_t rows = part(tile + 1, cut.filters, cut.tiles) - k;
    float* to = packed + (block * cut.tiles + tile) * kDepth * kMaxRows;
    for (std::int64_t m = first; m < last; ++m, to += kMaxRows)
      copy_run(dy.as<float>() + m * dy.pitch + k, to, rows);
  }
}

// The panel's columns of dw over the blocks [block, stop) of pixels.
inline void filter_grad_panel(const FilterGradCut& cut, const Patches& patches, const float* packed,
                              std::int64_t panel, std::int64_t block, std::int64_t stop, float* dw,
                              bool add) {
  HWY_ALIGN float b[kDepth * kPanel];
  const std::int64_t column = panel * kPanel, columns = std::min(kPanel, cut.columns - column);
  if (columns < kPanel) zero_run(b, kDepth * kPanel);
  for (; block < stop; ++block, add = true) {
    const std::int64_t first = block * kDepth, depth = std::min(kDepth, cut.pixels - first);
    pack_patches(patches, first, depth, column, columns, b, kPanel);
    for (std::int64_t tile = 0; tile < cut.tiles; ++tile) {
      const std::int64_t k = part(tile, cut.filters, cut.tiles);
      const int rows = int(part(tile + 1, cut.filters, cut.tiles) - k);
      float* out[kMaxRows];
      for (int i = 0; i < rows; ++i) out[i] = dw + (k + i) * cut.columns;
      multiply_depth(rows, {.a = packed + (block * cut.tiles + tile) * kDepth * kMaxRows,
                            .b = b,
                            .depth = depth,
                            .rows = out,
                            .column = column,
                            .columns = columns,
                            .bias = nullptr,
                            .add = add});
    }
  }
}

inline void filter_grad(const Launch& launch, Conv2dGeometry g, View x, View dy, View dw,
                        Write write) {
  const FilterGradCut cut(dw.shape, dy.shape);
  const Patches patches = {.data = x.as<float>(),
                           .pitch = x.pitch,
                           .source = x.shape,
                           .taps_h = dw.shape.h,
                           .taps_w = dw.shape.w,
                           .step = g.stride,
                           .top = -g.pad,
                           .left = -g.pad,
                           .height = dy.shape.h,
                           .width = dy.shape.w};
  const bool add = write == Write::accumulate;
  float* packed = reinterpret_cast<float*>(launch.scratch);
  float* sums = packed + cut.packed_size();
  parallel_for(cut.blocks, [&](std::int64_t block)
                               HWY_ATTR { pack_filter_grad_block(cut, dy, block, packed); });
  parallel_for(cut.groups * cut.panels, [&](std::int64_t task) HWY_ATTR {
    const std::int64_t group = task / cut.panels;
    float* to = cut.groups > 1 ? sums + group * cut.filters * cut.columns : dw.as<float>();
    filter_grad_panel(cut, patches, packed, task % cut.panels, part(group, cut.blocks, cut.groups),
                      part(group + 1, cut.blocks, cut.groups), to, add && cut.groups == 1);
  });
  if (cut.groups == 1) return;
  parallel_for(cut.filters, [&](std::int64_t k) {
    for (std::int64_t j = k * cut.columns; j < (k + 1) * cut.columns; ++j) {
      float sum = add ? dw.as<float>()[j] : 0;
      for (std::int64_t group = 0; group < cut.groups; ++group)
        sum += sums[group * cut.filters * cut.columns + j];
      dw.as<float>()[j] = sum;
    }
  });
}

}  // namespace dagan::cpu::implicit_gemm::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
