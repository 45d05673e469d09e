// The convolution, y = AT [V U] A, and its input gradient, dx = B [Z UT] BT: one is the transpose
// of the other.
#if defined(DAGAN_WINOGRAD_DATA_PASSES) == defined(HWY_TARGET_TOGGLE)
#ifdef DAGAN_WINOGRAD_DATA_PASSES
#undef DAGAN_WINOGRAD_DATA_PASSES
#else
#define DAGAN_WINOGRAD_DATA_PASSES
#endif

#include <hwy/highway.h>

#include <algorithm>

#include "kernels/conv2d/winograd/data-inl.h"
#include "kernels/conv2d/winograd/filter-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dagan::cpu::winograd::HWY_NAMESPACE {

// What the products of a strip write: of one panel, and of a group of them at most.
template <int m>
std::int64_t products_of(const Strip& strip, const Tiles<m>& tiles) {
  return Tiles<m>::points * plane(strip.lines * tiles.width * kPanel);
}
template <int m>
constexpr std::int64_t kProducts = Tiles<m>::points*(PanelGroups<m>::kRoom* kPanel +
                                                     kMostTogether * plane(0));

// The scratch of both passes: A, then the transformed filter if it is not ready and several strips
// use it.
template <int m, class Filter>
struct PassScratch {
  std::int64_t rows, filter;

  PassScratch(const Tiles<m>& tiles, const Filter& f, bool ready)
      : rows(rows_size(tiles, f.phases() * padded(f.steps()))),
        filter(!ready && tiles.strips() > 1 ? Slabs<m, Filter>(f).size(f) : 0) {}
  std::int64_t bytes() const { return (rows + filter) * std::int64_t(sizeof(float)); }
  // What the products read: `ready` if it is, else transformed now, or null.
  const float* packed(const Filter& f, const float* ready, float* scratch) const {
    if (ready || filter == 0) return ready;
    transform_filter<m>(f, scratch + rows);
    return scratch + rows;
  }
};

// y's pixels of a strip, columns of a panel.
template <int m, class T>
void write_y(const Tiles<m>& tiles, const Strip& strip, const float* products, std::int64_t column,
             std::int64_t columns, Finish finish, View y, bool add) {
  const Shape s = y.shape;
  const std::int64_t count = strip.lines * tiles.width;
  for (std::int64_t tile = 0; tile < count; ++tile) {
    const std::int64_t line = strip.line + tile / tiles.width;
    const std::int64_t n = line / tiles.height, p = line % tiles.height * m,
                       q = tile % tiles.width * m;
    const std::int64_t height = std::min<std::int64_t>(m, s.h - p);
    const std::int64_t width = std::min<std::int64_t>(m, s.w - q);
    T* to = y.as<T>() + ((n * s.h + p) * s.w + q) * y.pitch + column;
    for (std::int64_t c = 0; c < columns; c += kLanes) {
      const Finish here = finish.from(column + c);
      transform<F<m>::AT>(load_points<m + 1>(products + tile * kPanel + c, plane(count * kPanel)),
                          [&](int i, int j, Vector value) HWY_ATTR {
                            if (i < height && j < width)
                              write(value, columns - c, here, add,
                                    to + (i * s.w + j) * y.pitch + c);
                          });
    }
  }
}

template <int m, class T>
void forward(const Launch& launch, View x, const ConvFilter& w, Finish finish, View y, Write mode) {
  const Tiles<m> tiles(y.shape);
  const ForwardFilter<T> f(w);
  const PassScratch<m, ForwardFilter<T>> scratch(tiles, f, w.ready);
  float* v = reinterpret_cast<float*>(launch.scratch);
  transform_to_rows(tiles, padded(x.shape.c), kPhases, TransformX<m, T>{x}, v);
  const TransformedFilter<m, ForwardFilter<T>> filter(f, scratch.packed(f, w.ready, v));
  const std::int64_t size = plane(tiles.count() * filter.slabs().depth);
  const PanelGroups<m> groups(filter, tiles, tiles.strips());
  parallel_for(tiles.strips() * groups.count(), [&](std::int64_t task) HWY_ATTR {
    HWY_ALIGN float products[kProducts<m>];
    const std::int64_t index = task / groups.count();
    const Strip strip = tiles.strip(index / tiles.strips_of_image, index % tiles.strips_of_image);
    const Panels panels = groups[task % groups.count()];
    multiply_strip<m>(Blocks<m>(tiles, strip), v, size, filter, panels, products);
    for (std::int64_t j = 0; j < panels.count; ++j) {
      const std::int64_t panel = panels.first + j;
      write_y<m, T>(tiles, strip, products + j * products_of(strip, tiles), panel * kPanel,
                    f.columns_of(panel), finish, y, mode == Write::accumulate);
    }
  });
}

// The pixels of one phase of dx that a line of tiles touches: m + 1 lines, of which the last is
// also the first of the next line of tiles. A panel of channels, in f32.
template <int m>
struct PhaseLines {
  static constexpr std::int64_t kMostPixels = Tiles<m>::kMost * m + 1;
  std::int64_t pixels;  // of a line
  HWY_ALIGN float data[(m + 1) * kMostPixels * kPanel];

  float* line(std::int64_t i) { return data + i * pixels * kPanel; }
  // Before a line of tiles, the first of an image or not.
  void begin(bool first) {
    if (first)
      zero_run(line(0), pixels * kPanel);
    else
      copy_run(line(m), line(0), pixels * kPanel);
    zero_run(line(1), m * pixels * kPanel);
  }
};

// Adds B M BT of a line of tiles, where they overlap.
template <int m>
void add_patches(const float* products, std::int64_t tiles, std::int64_t first, std::int64_t width,
                 std::int64_t columns, PhaseLines<m>& lines) {
  const Tag d;
  for (std::int64_t tile = 0; tile < width; ++tile)
    for (std::int64_t c = 0; c < columns; c += kLanes) {
      float* to = lines.line(0) + tile * m * kPanel + c;
      transform<F<m>::BT.transposed()>(
          load_points<m + 1>(products + (first + tile) * kPanel + c, plane(tiles * kPanel)),
          [&](int i, int j, Vector value) HWY_ATTR {
            float* at = to + (i * lines.pixels + j) * kPanel;
            hn::StoreU(hn::Add(value, hn::LoadU(d, at)), d, at);
          });
    }
}

// Where a panel of the input gradient goes.
struct PhaseTarget {
  std::int64_t phase, column, columns;
  Finish finish;  // of this panel
  bool add;
};

// The lines [0, count) of a line of tiles.
template <int m, class T>
void write_lines(PhaseLines<m>& lines, std::int64_t count, std::int64_t n, std::int64_t top,
                 const PhaseTarget& t, View dx) {
  const Shape s = dx.shape;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t h = 2 * (top + i) + t.phase / 2 - 1;
    if (h < 0 || h >= s.h) continue;
    for (std::int64_t j = 0; j < lines.pixels; ++j) {
      const std::int64_t w = 2 * j + t.phase % 2 - 1;
      if (w < 0 || w >= s.w) continue;
      T* to = dx.as<T>() + ((n * s.h + h) * s.w + w) * dx.pitch + t.column;
      for (std::int64_t c = 0; c < t.columns; c += kLanes)
        write(hn::LoadU(Tag(), lines.line(i) + j * kPanel + c), t.columns - c, t.finish.from(c),
              t.add, to + c);
    }
  }
}

template <int m, class T>
void write_dx(const Tiles<m>& tiles, const Strip& strip, const float* products,
              const PhaseTarget& target, PhaseLines<m>& lines, View dx) {
  for (std::int64_t i = 0; i < strip.lines; ++i) {
    const std::int64_t n = (strip.line + i) / tiles.height, line = (strip.line + i) % tiles.height;
    lines.begin(line == 0);
    add_patches<m>(products, strip.lines * tiles.width, i * tiles.width, tiles.width,
                   target.columns, lines);
    write_lines<m, T>(lines, m + (line + 1 == tiles.height), n, line * m, target, dx);
  }
}

template <int m, class T>
void input_grad(const Launch& launch, View dy, const ConvFilter& w, Finish finish, View dx,
                Write mode) {
  const Tiles<m> tiles(dy.shape);
  const InputGradFilter<T> f(w);
  const PassScratch<m, InputGradFilter<T>> scratch(tiles, f, w.ready);
  float* z = reinterpret_cast<float*>(launch.scratch);
  transform_to_rows(tiles, padded(dy.shape.c), 1, TransformDy<m, T>{dy}, z);
  const TransformedFilter<m, InputGradFilter<T>> filter(f, scratch.packed(f, w.ready, z));
  const std::int64_t size = plane(tiles.count() * filter.slabs().depth);
  const PanelGroups<m> groups(filter, tiles, tiles.groups());
  parallel_for(tiles.groups() * groups.count(), [&](std::int64_t task) HWY_ATTR {
    HWY_ALIGN float products[kProducts<m>];
    PhaseLines<m> lines[kMostTogether];
    const Panels panels = groups[task % groups.count()];
    for (std::int64_t i = 0; i < tiles.strips_of_image; ++i) {
      const Strip strip = tiles.strip(task / groups.count(), i);
      multiply_strip<m>(Blocks<m>(tiles, strip), z, size, filter, panels, products);
      for (std::int64_t j = 0; j < panels.count; ++j) {
        const std::int64_t panel = panels.first + j, column = f.column(panel);
        const PhaseTarget target = {f.phase(panel), column, f.columns_of(panel),
                                    finish.from(column), mode == Write::accumulate};
        lines[j].pixels = tiles.width * m + 1;
        write_dx<m, T>(tiles, strip, products + j * products_of(strip, tiles), target, lines[j],
                       dx);
      }
    }
  });
}

}  // namespace dagan::cpu::winograd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
