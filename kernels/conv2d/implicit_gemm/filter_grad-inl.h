// The filter gradient, dw = dy^T patches: the depth of the product is the pixels, in blocks.
#if defined(DAGAN_CONV2D_FILTER_GRAD) == defined(HWY_TARGET_TOGGLE)
#ifdef DAGAN_CONV2D_FILTER_GRAD
#undef DAGAN_CONV2D_FILTER_GRAD
#else
#define DAGAN_CONV2D_FILTER_GRAD
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <type_traits>

#include "kernels/conv2d/implicit_gemm/pad-inl.h"
#include "kernels/parallel.h"

HWY_BEFORE_NAMESPACE();
namespace dagan::cpu::implicit_gemm::HWY_NAMESPACE {

// One task makes one panel of dw's columns (r,s,c), from one group of blocks of pixels. Where
// panels are few there are several groups: their sums go to scratch and are then added in order.
struct FilterGradCut {
  std::int64_t filters, columns, pixels, tiles, blocks, panels, groups, padded;
  bool packs;

  FilterGradCut(Conv2dGeometry g, Shape x, Shape w, Shape y)
      : filters(w.n),
        columns(w.h * w.w * w.c),
        pixels(y.pixels()),
        tiles(divide_up(filters, kMaxRows)),
        blocks(divide_up(pixels, kDepth)),
        panels(divide_up(columns, kPanel)),
        padded(padded_size(g, x)),
        // dy is read where it is, if the patches come in the order of its pixels.
        packs(worth_images_first(y.n, y.h, y.w) && padded == 0) {
    constexpr std::int64_t kTasks = 16, kMinBlocks = 2;
    groups = std::clamp<std::int64_t>(divide_up(kTasks, panels), 1,
                                      std::max<std::int64_t>(1, blocks / kMinBlocks));
  }

  // Scratch: the padded copy of x, dy by (block, tile, pixel, row of the tile), the groups' sums.
  std::int64_t packed_size() const { return packs ? blocks * tiles * kDepth * kMaxRows : 0; }
  std::int64_t sums_size() const { return groups > 1 ? groups * filters * columns : 0; }
  std::int64_t scratch() const {
    return (padded + packed_size() + sums_size()) * std::int64_t(sizeof(float));
  }
};

// dy by tiles of filters: what the micro-kernel takes as A. It is read where it is, or was packed
// before, or is copied here, a few tiles at a time.
template <class T>
class FilterGradRows {
 public:
  FilterGradRows(const FilterGradCut& cut, const Patches<T>& dy, const float* packed)
      : cut_(cut), dy_(dy), packed_(packed) {}

  // The tiles of a block are asked for in order.
  ColumnsOfA of(std::int64_t block, std::int64_t tile, const Run* runs, std::int64_t count) {
    if (cut_.packs)
      return {packed_ + (block * cut_.tiles + tile) * kDepth * kMaxRows, kMaxRows, runs, count};
    const std::int64_t k = part(tile, cut_.filters, cut_.tiles);
    if constexpr (kInPlace) {
      return {dy_.data + block * kDepth * dy_.pitch + k, dy_.pitch, runs, count};
    } else {
      if (tile % kTiles == 0) copy(block, tile);
      return {copy_ + (k - first_), kColumns, runs, count};
    }
  }

 private:
  static constexpr bool kInPlace = std::is_same_v<T, float>;
  static constexpr std::int64_t kTiles = 4, kColumns = kTiles * kMaxRows;

  void copy(std::int64_t block, std::int64_t tile) {
    const std::int64_t pixel = block * kDepth, last = std::min(cut_.tiles, tile + kTiles);
    first_ = part(tile, cut_.filters, cut_.tiles);
    pack_inside(dy_.data + pixel * dy_.pitch + first_, dy_.pitch,
                std::min(kDepth, cut_.pixels - pixel),
                part(last, cut_.filters, cut_.tiles) - first_, copy_, kColumns);
  }

  const FilterGradCut& cut_;
  const Patches<T>& dy_;
  const float* packed_;
  std::int64_t first_ = 0;  // the copy: (pixels of a block, filters from this one on)
  HWY_ALIGN float copy_[kInPlace ? 1 : kDepth * kColumns];
};

template <class T>
void pack_filter_grad_block(const FilterGradCut& cut, const Patches<T>& dy, std::int64_t block,
                            float* packed) {
  const std::int64_t first = block * kDepth, depth = std::min(kDepth, cut.pixels - first);
  for (std::int64_t tile = 0; tile < cut.tiles; ++tile) {
    const std::int64_t k = part(tile, cut.filters, cut.tiles);
    const std::int64_t rows = part(tile + 1, cut.filters, cut.tiles) - k;
    float* to = packed + (block * cut.tiles + tile) * kDepth * kMaxRows;
    pack_patches(dy, first, depth, k, rows, to, kMaxRows);
  }
}

// The pixels first + m, m < depth, at which some of these columns of the patches are not padding.
template <class T>
std::int64_t find_runs(const Patches<T>& p, std::int64_t column, std::int64_t columns,
                       std::int64_t first, std::int64_t depth, Run* runs) {
  const std::int64_t tap = column / p.source.c, last = (column + columns - 1) / p.source.c;
  const std::int64_t a = tap / p.taps_w, last_a = last / p.taps_w;
  const std::int64_t b = a == last_a ? tap % p.taps_w : 0;
  const std::int64_t last_b = a == last_a ? last % p.taps_w : p.taps_w - 1;
  std::int64_t count = 0;
  Pixel pixel = p.pixel(first);
  for (std::int64_t m = 0; m < depth;) {
    const std::int64_t span = std::min(depth - m, p.span(pixel));
    const std::int64_t h = pixel.i * p.step + p.top, w = pixel.j * p.step + p.left;
    // In a span along the width some pixel is always inside.
    const bool inside = h + last_a >= 0 && h + a < p.source.h &&
                        (!p.images_first || (w + last_b >= 0 && w + b < p.source.w));
    if (inside && count > 0 && runs[count - 1].first + runs[count - 1].count == m)
      runs[count - 1].count += span;
    else if (inside)
      runs[count++] = {m, span};
    p.advance(pixel, span);
    m += span;
  }
  return count;
}

// The panel's columns of dw over the blocks [block, stop) of pixels.
template <class X, class Dy>
void filter_grad_panel(const FilterGradCut& cut, const Patches<X>& patches, const Patches<Dy>& dy,
                       const float* packed, std::int64_t panel, std::int64_t block,
                       std::int64_t stop, float* dw, bool add) {
  HWY_ALIGN float b[kDepth * kPanel];
  FilterGradRows<Dy> rows_of_dy(cut, dy, packed);
  Run runs[kDepth];
  const std::int64_t column = panel * kPanel, columns = std::min(kPanel, cut.columns - column);
  if (columns < kPanel) zero_run(b, kDepth * kPanel);
  for (; block < stop; ++block, add = true) {
    const std::int64_t first = block * kDepth, depth = std::min(kDepth, cut.pixels - first);
    const std::int64_t count = find_runs(patches, column, columns, first, depth, runs);
    for (std::int64_t i = 0; i < count; ++i)
      pack_patches(patches, first + runs[i].first, runs[i].count, column, columns,
                   b + runs[i].first * kPanel, kPanel);
    for (std::int64_t tile = 0; tile < cut.tiles; ++tile) {
      const std::int64_t k = part(tile, cut.filters, cut.tiles);
      const std::int64_t rows = part(tile + 1, cut.filters, cut.tiles) - k;
      float* out[kMaxRows];
      for (std::int64_t i = 0; i < rows; ++i) out[i] = dw + (k + i) * cut.columns;
      multiply(rows, rows_of_dy.of(block, tile, runs, count),
               {.b = b, .to = out, .column = column, .columns = columns, .finish = {}, .add = add});
    }
  }
}

// T: what x and dy are stored as.
template <class T>
void filter_grad(const Launch& launch, Conv2dGeometry g, View x, View dy, View dw, Write write) {
  const FilterGradCut cut(g, x.shape, dw.shape, dy.shape);
  float* padded = reinterpret_cast<float*>(launch.scratch);
  float* packed = padded + cut.padded;
  float* sums = packed + cut.packed_size();
  const bool add = write == Write::accumulate;
  with_input_patches<T>(g, x, dw.shape, dy.shape, padded, [&](const auto& patches) HWY_ATTR {
    const Patches<T> gradient = {.data = dy.as<T>(),
                                 .pitch = dy.pitch,
                                 .source = dy.shape,
                                 .height = dy.shape.h,
                                 .width = dy.shape.w,
                                 .images_first = patches.images_first};
    if (cut.packs)
      parallel_for(cut.blocks, [&](std::int64_t block) HWY_ATTR {
        pack_filter_grad_block(cut, gradient, block, packed);
      });
    parallel_for(cut.groups * cut.panels, [&](std::int64_t task) HWY_ATTR {
      const std::int64_t group = task / cut.panels;
      float* to = cut.groups > 1 ? sums + group * cut.filters * cut.columns : dw.as<float>();
      filter_grad_panel(cut, patches, gradient, packed, task % cut.panels,
                        part(group, cut.blocks, cut.groups),
                        part(group + 1, cut.blocks, cut.groups), to, add && cut.groups == 1);
    });
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
