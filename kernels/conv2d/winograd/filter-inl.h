// The transformed filter, U = G w GT for each phase: the operand B of the forward pass and of the
// input gradient, by slabs: a panel of columns and a part of the depth.
#if defined(DAGAN_WINOGRAD_FILTER) == defined(HWY_TARGET_TOGGLE)
#ifdef DAGAN_WINOGRAD_FILTER
#undef DAGAN_WINOGRAD_FILTER
#else
#define DAGAN_WINOGRAD_FILTER
#endif

#include <hwy/highway.h>

#include <algorithm>

#include "kernels/conv2d/winograd/data-inl.h"
#include "kernels/parallel.h"

HWY_BEFORE_NAMESPACE();
namespace dagan::cpu::winograd::HWY_NAMESPACE {

using implicit_gemm::HWY_NAMESPACE::FilterColumns;
using implicit_gemm::HWY_NAMESPACE::FilterRows;

// Forward: column k, depth (phase, c). A step of a phase is a channel of x.
template <class T>
struct ForwardFilter {
  const T* w;
  Shape shape;         // (K,4,4,C)
  const float* scale;  // of each column

  explicit ForwardFilter(const ConvFilter& filter)
      : w(filter.w.as<T>()), shape(filter.w.shape), scale(filter.scale) {}

  std::int64_t panels() const { return divide_up(shape.n, kPanel); }
  std::int64_t panels_of_target() const { return panels(); }
  std::int64_t phases() const { return kPhases; }
  std::int64_t steps() const { return shape.c; }
  std::int64_t columns_of(std::int64_t panel) const {
    return std::min(kPanel, shape.n - panel * kPanel);
  }
  // to (count, kPanel): tap (r,s) of these steps of a phase.
  void pack(std::int64_t panel, std::int64_t phase, std::int64_t step, std::int64_t count,
            std::int64_t r, std::int64_t s, float* to) const {
    r = 2 * r + phase / 2, s = 2 * s + phase % 2;
    FilterColumns<T>{w, 16 * shape.c, shape.n, scale}.pack((r * 4 + s) * shape.c + step, count,
                                                           panel * kPanel, to);
  }
};

// Input gradient: column (phase, c), depth k.
template <class T>
struct InputGradFilter {
  const T* w;
  Shape shape;
  const float* scale;

  explicit InputGradFilter(const ConvFilter& filter)
      : w(filter.w.as<T>()), shape(filter.w.shape), scale(filter.scale) {}

  std::int64_t panels_of_target() const { return divide_up(shape.c, kPanel); }  // a phase of dx
  std::int64_t panels() const { return kPhases * panels_of_target(); }
  std::int64_t phases() const { return 1; }
  std::int64_t steps() const { return shape.n; }
  std::int64_t phase(std::int64_t panel) const { return panel / panels_of_target(); }
  std::int64_t column(std::int64_t panel) const { return panel % panels_of_target() * kPanel; }
  std::int64_t columns_of(std::int64_t panel) const {
    return std::min(kPanel, shape.c - column(panel));
  }
  void pack(std::int64_t panel, std::int64_t, std::int64_t step, std::int64_t count, std::int64_t r,
            std::int64_t s, float* to) const {
    r = 2 * r + phase(panel) / 2, s = 2 * s + phase(panel) % 2;
    FilterRows<T>{w, shape, 1, r, s, 1, scale}.pack(step, count, column(panel), to);
  }
};

// The depth, (phase, padded step), in nearly equal slabs.
template <int m, class Filter>
struct Slabs {
  std::int64_t steps, depth, count;

  explicit Slabs(const Filter& filter)
      : steps(padded(filter.steps())),
        depth(filter.phases() * steps),
        count(divide_up(depth, kMostDepth<m>)) {}
  std::int64_t start(std::int64_t slab) const { return part(slab, depth / kGroup, count) * kGroup; }
  std::int64_t plane_of(std::int64_t slab) const {
    return plane((start(slab + 1) - start(slab)) * kPanel);
  }
  // Floats of the transformed filter, by (panel, slab, point, step of the slab, kPanel).
  std::int64_t size(const Filter& filter) const { return filter.panels() * size_of_panel(); }
  std::int64_t size_of_panel() const {
    return Tiles<m>::points * (depth * kPanel + count * plane(0));
  }
  std::int64_t offset(std::int64_t panel, std::int64_t slab) const {
    return panel * size_of_panel() + Tiles<m>::points * (start(slab) * kPanel + slab * plane(0));
  }
};

// to (point, count, kPanel) from taps (tap, count, kPanel).
template <int m>
void transform_taps(const float* taps, std::int64_t count, std::int64_t pitch, float* to) {
  for (std::int64_t i = 0; i < count * kPanel; i += kLanes)
    transform<F<m>::G>(load_points<2>(taps + i, count * kPanel),
                       store_points<m + 1>(to + i, pitch));
}

// One slab, to (point, step, kPanel).
template <int m, class Filter>
void transform_slab(const Filter& filter, const Slabs<m, Filter>& slabs, std::int64_t panel,
                    std::int64_t slab, float* to) {
  HWY_ALIGN float taps[4 * kMostDepth<m> * kPanel];
  const std::int64_t begin = slabs.start(slab), end = slabs.start(slab + 1);
  const std::int64_t pitch = slabs.plane_of(slab);
  for (std::int64_t at = begin; at < end;) {
    const std::int64_t phase = at / slabs.steps, step = at % slabs.steps;
    const std::int64_t count = std::min(end - at, slabs.steps - step);
    const std::int64_t present = std::clamp<std::int64_t>(filter.steps() - step, 0, count);
    for (std::int64_t tap = 0; tap < 4; ++tap) {
      float* packed = taps + tap * count * kPanel;
      filter.pack(panel, phase, step, present, tap / 2, tap % 2, packed);
      zero_run(packed + present * kPanel, (count - present) * kPanel);
    }
    transform_taps<m>(taps, count, pitch, to + (at - begin) * kPanel);
    at += count;
  }
}

// Every slab, to packed[slabs.offset(panel, slab)].
template <int m, class Filter>
void transform_filter(const Filter& filter, float* packed) {
  const Slabs<m, Filter> slabs(filter);
  parallel_for(filter.panels() * slabs.count, [&](std::int64_t task) HWY_ATTR {
    const std::int64_t panel = task / slabs.count, slab = task % slabs.count;
    transform_slab<m>(filter, slabs, panel, slab, packed + slabs.offset(panel, slab));
  });
}

// Slabs ready to use: transformed before, or (packed is null) by who uses them, into a buffer that
// stays in the level 2 cache. The former pays where several strips use one.
template <int m, class Filter>
class TransformedFilter {
 public:
  TransformedFilter(const Filter& filter, const float* packed)
      : filter_(filter), slabs_(filter), packed_(packed) {}

  const Filter& filter() const { return filter_; }
  const Slabs<m, Filter>& slabs() const { return slabs_; }
  bool ready() const { return packed_ != nullptr; }
  static constexpr std::int64_t kBuffer = Tiles<m>::points * plane(kMostDepth<m> * kPanel);
  const float* slab(std::int64_t panel, std::int64_t slab, float* buffer) const {
    if (packed_) return packed_ + slabs_.offset(panel, slab);
    transform_slab<m>(filter_, slabs_, panel, slab, buffer);
    return buffer;
  }

 private:
  Filter filter_;
  Slabs<m, Filter> slabs_;
  const float* packed_;
};

// Neighbouring panels of one target: of y, or of a phase of dx.
struct Panels {
  std::int64_t first, count;
};

// Panels are multiplied together, point by point, so that A is read once for all of them: as many
// as there is room for, while tasks enough are left. The filter has to be ready, since there is a
// buffer for one slab only.
template <int m>
struct PanelGroups {
  static constexpr std::int64_t kRoom = 2 * Tiles<m>::kMost;  // tiles of a strip, of each panel
  std::int64_t panels, targets, groups;

  // tasks: of one panel
  template <class Filter>
  PanelGroups(const TransformedFilter<m, Filter>& filter, const Tiles<m>& tiles, std::int64_t tasks)
      : panels(filter.filter().panels_of_target()), targets(filter.filter().panels() / panels) {
    const std::int64_t room = kRoom / tiles.most_of_strip();
    const std::int64_t spare = filter.filter().panels() * tasks / kTasksLeft;
    const std::int64_t most = std::clamp<std::int64_t>(std::min(room, spare), 1, kMostTogether);
    groups = filter.ready() ? divide_up(panels, most) : panels;
  }
  std::int64_t count() const { return targets * groups; }
  Panels operator[](std::int64_t i) const {
    const std::int64_t first = part(i % groups, panels, groups);
    return {i / groups * panels + first, part(i % groups + 1, panels, groups) - first};
  }
};

// to (panel, point, tile of the strip, kPanel) = A B for a strip of tiles and some panels.
template <int m, class Filter>
void multiply_strip(const Blocks<m>& blocks, const float* a, std::int64_t plane_of_a,
                    const TransformedFilter<m, Filter>& filter, Panels panels, float* to) {
  HWY_ALIGN float buffer[TransformedFilter<m, Filter>::kBuffer];
  const auto& slabs = filter.slabs();
  const std::int64_t plane_of_c = plane(blocks.tiles * kPanel);
  for (std::int64_t i = 0; i < slabs.count; ++i) {
    const std::int64_t begin = slabs.start(i), depth = slabs.start(i + 1) - begin;
    const float* slab[kMostTogether];
    for (std::int64_t j = 0; j < panels.count; ++j)
      slab[j] = filter.slab(panels.first + j, i, buffer);
    for (std::int64_t p = 0; p < Tiles<m>::points; ++p)
      for (std::int64_t j = 0; j < panels.count; ++j) {
        const float* b = slab[j] + p * slabs.plane_of(i);
        const float* next = j + 1 < panels.count ? slab[j + 1] + p * slabs.plane_of(i)
                                                 : slab[0] + (p + 1) * slabs.plane_of(i);
        for (std::int64_t block = 0; block < blocks.count; ++block)
          multiply<Order::groups>(
              blocks.rows(block), filter.filter().columns_of(panels.first + j),
              {.a = blocks.at(a + p * plane_of_a, slabs.depth, block, begin),
               .b = b,
               .depth = depth,
               .c = to + (j * Tiles<m>::points + p) * plane_of_c + blocks.start(block) * kPanel,
               .add = i > 0,
               .ahead = Ahead(next, depth, block, blocks.count)});
      }
  }
}

}  // namespace dagan::cpu::winograd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
