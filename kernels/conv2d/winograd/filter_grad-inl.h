// The filter gradient, dw = GT [VT Z] G: the depth of the products are the tiles.
#if defined(DAGAN_WINOGRAD_FILTER_GRAD) == defined(HWY_TARGET_TOGGLE)
#ifdef DAGAN_WINOGRAD_FILTER_GRAD
#undef DAGAN_WINOGRAD_FILTER_GRAD
#else
#define DAGAN_WINOGRAD_FILTER_GRAD
#endif

#include <hwy/highway.h>

#include <algorithm>

#include "kernels/conv2d/winograd/data-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dagan::cpu::winograd::HWY_NAMESPACE {

// Rows of the product are k, columns are (phase, c); one task makes some groups of filters of one
// panel, point by point, so that V is read once for all of them.
template <int m>
struct FilterGradCut {
  static constexpr std::int64_t kFilters = kGroup;  // of a group

  Tiles<m> tiles;
  std::int64_t channels, filters, panels_of_phase, filters_padded;

  FilterGradCut(Shape y, Shape w)
      : tiles(y),
        channels(w.c),
        filters(w.n),
        panels_of_phase(divide_up(padded(w.c), kPanel)),
        filters_padded(padded(w.n)) {}

  std::int64_t panels() const { return kPhases * panels_of_phase; }
  std::int64_t groups() const { return divide_up(filters_padded, kFilters); }
  // Tasks of a panel.
  std::int64_t tasks() const {
    const std::int64_t spare = panels() * groups() / kTasksLeft;
    return divide_up(groups(), std::clamp<std::int64_t>(spare, 1, kMostTogether));
  }
  // V (point, panel, tile, kPanel), and Z (point, k / kGroup, tile, kGroup) behind it.
  std::int64_t plane_v() const { return plane(tiles.count() * panels() * kPanel); }
  std::int64_t plane_z() const { return plane(tiles.count() * filters_padded); }
  std::int64_t size_v() const { return Tiles<m>::points * plane_v(); }
  std::int64_t bytes() const {
    return (size_v() + Tiles<m>::points * plane_z()) * std::int64_t(sizeof(float));
  }
};

template <int m, class T>
void transform_to_columns(const FilterGradCut<m>& cut, View x, float* v) {
  transform_all(cut.tiles, padded(cut.channels), TransformX<m, T>{x}, [&](std::int64_t tile) {
    return [=, &cut](std::int64_t phase, std::int64_t c) HWY_ATTR {
      const std::int64_t panel = phase * cut.panels_of_phase + c / kPanel;
      float* to = v + (panel * cut.tiles.count() + tile) * kPanel + c % kPanel;
      return store_points<m + 1>(to, cut.plane_v());
    };
  });
}

template <int m, class T>
void transform_to_steps(const FilterGradCut<m>& cut, View dy, float* z) {
  transform_all(cut.tiles, cut.filters_padded, TransformDy<m, T>{dy}, [&](std::int64_t tile) {
    return [=, &cut](std::int64_t, std::int64_t k) HWY_ATTR {
      float* to = z + (k / kGroup * cut.tiles.count() + tile) * kGroup + k % kGroup;
      return store_points<m + 1>(to, cut.plane_z());
    };
  });
}

// dw's taps of one phase, some filters and a panel of channels, from products (point, k, kPanel).
template <int m>
void write_dw(const FilterGradCut<m>& cut, const float* products, std::int64_t k,
              std::int64_t count, std::int64_t panel, View dw, bool add) {
  const std::int64_t phase = panel / cut.panels_of_phase;
  const std::int64_t first = panel % cut.panels_of_phase * kPanel;
  const std::int64_t channels = std::min(kPanel, cut.channels - first);
  for (std::int64_t i = 0; i < count; ++i)
    for (std::int64_t c = 0; c < channels; c += kLanes) {
      float* to = dw.as<float>() + (k + i) * 16 * cut.channels + first + c;
      transform<F<m>::G.transposed()>(
          load_points<m + 1>(products + i * kPanel + c, plane(FilterGradCut<m>::kFilters * kPanel)),
          [&](int r, int s, Vector value) HWY_ATTR {
            const std::int64_t tap = (2 * r + phase / 2) * 4 + 2 * s + phase % 2;
            write(value, channels - c, {}, add, to + tap * cut.channels);
          });
    }
}

template <int m, class T>
void filter_grad(const Launch& launch, View x, View dy, View dw, Write mode) {
  const FilterGradCut<m> cut(dy.shape, dw.shape);
  constexpr std::int64_t kFilters = FilterGradCut<m>::kFilters, kDepth = kMostDepth<m>;
  float* v = reinterpret_cast<float*>(launch.scratch);
  float* z = v + cut.size_v();
  transform_to_columns<m, T>(cut, x, v);
  transform_to_steps<m, T>(cut, dy, z);
  const std::int64_t tiles = cut.tiles.count(), slabs = divide_up(tiles, kDepth);
  constexpr std::int64_t kBlocks = divide_up(kFilters, kMaxRows);
  constexpr std::int64_t kProducts = Tiles<m>::points * plane(kFilters * kPanel);  // of a group
  parallel_for(cut.panels() * cut.tasks(), [&](std::int64_t task) HWY_ATTR {
    HWY_ALIGN float products[kMostTogether * kProducts];
    const std::int64_t panel = task / cut.tasks(), index = task % cut.tasks();
    const std::int64_t first = part(index, cut.groups(), cut.tasks());
    const std::int64_t groups = part(index + 1, cut.groups(), cut.tasks()) - first;
    const std::int64_t columns = cut.channels - panel % cut.panels_of_phase * kPanel;
    for (std::int64_t p = 0; p < Tiles<m>::points; ++p)
      for (std::int64_t slab = 0; slab < slabs; ++slab) {
        const std::int64_t tile = part(slab, tiles, slabs);
        const std::int64_t depth = part(slab + 1, tiles, slabs) - tile;
        const float* b = v + p * cut.plane_v() + (panel * tiles + tile) * kPanel;
        const float* next = slab + 1 < slabs ? b + depth * kPanel
                                             : v + (p + 1) * cut.plane_v() + panel * tiles * kPanel;
        for (std::int64_t i = 0; i < groups * kBlocks; ++i) {
          const std::int64_t group = i / kBlocks, block = i % kBlocks;
          const std::int64_t row = part(block, kFilters, kBlocks);
          const std::int64_t steps = (first + group) * tiles + tile;
          multiply<Order::steps>(
              part(block + 1, kFilters, kBlocks) - row, columns,
              {.a = z + p * cut.plane_z() + steps * kGroup + row,
               .b = b,
               .depth = depth,
               .c = products + group * kProducts + p * plane(kFilters * kPanel) + row * kPanel,
               .add = slab > 0,
               .ahead = Ahead(next, depth, i, groups * kBlocks)});
        }
      }
    for (std::int64_t group = 0; group < groups; ++group) {
      const std::int64_t k = (first + group) * kFilters;
      write_dw(cut, products + group * kProducts, k, std::min(kFilters, cut.filters - k), panel, dw,
               mode == Write::accumulate);
    }
  });
}

}  // namespace dagan::cpu::winograd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
