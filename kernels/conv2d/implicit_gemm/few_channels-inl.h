// The input gradient for so few channels that the product by phases would leave most lanes empty.
// First every pixel of dy times the whole filter: T (pixel, r,s,c) = dy w, a product with R*S*C
// columns. Then each pixel of dx gathers its taps from T: a block of T stays in the level 2 cache.
#if defined(DAGAN_CONV2D_FEW_CHANNELS) == defined(HWY_TARGET_TOGGLE)
#ifdef DAGAN_CONV2D_FEW_CHANNELS
#undef DAGAN_CONV2D_FEW_CHANNELS
#else
#define DAGAN_CONV2D_FEW_CHANNELS
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <type_traits>

#include "kernels/conv2d/implicit_gemm/product-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dagan::cpu::implicit_gemm::HWY_NAMESPACE {

// dx in cells of stride x stride pixels: cell (u,v) starts at pixel (u*stride - pad, v*stride -
// pad) and gathers from the pixels (u - a, v - b) of dy, a < taps_h, b < taps_w.
struct Cells {
  static constexpr std::int64_t kTemporary = 40 << 10;  // floats of T in one block
  static constexpr std::int64_t kMaxWidth = 64, kMaxRun = 64, kMaxColumns = 128;

  Shape filter;
  std::int64_t stride, columns, taps_h, taps_w, height, width, blocks_h = 1, blocks_w = 1;

  Cells(Conv2dGeometry g, Shape x, Shape w)
      : filter(w),
        stride(g.stride),
        columns(w.h * w.w * w.c),
        taps_h(divide_up(w.h, stride)),
        taps_w(divide_up(w.w, stride)),
        height(divide_up(x.h + g.pad, stride)),
        width(divide_up(x.w + g.pad, stride)) {
    if (!suits()) return;
    blocks_w = divide_up(width, kMaxWidth);
    const std::int64_t line = (divide_up(width, blocks_w) + taps_w - 1) * columns;
    blocks_h = divide_up(height, kTemporary / line - (taps_h - 1));
  }

  // Few channels, little overlap, and a few lines of T fit into a block.
  bool suits() const {
    return 2 * filter.c <= kLanes && stride > 1 && taps_h <= 2 && taps_w <= 2 &&
           columns <= kMaxColumns && stride * filter.c <= kMaxRun;
  }
  std::int64_t packed_size() const {  // floats
    return divide_up(columns, kPanel) * kPanel * filter.n;
  }
};

// A block of cells of one image, and the pixels of dy that it gathers from.
struct CellBlock {
  std::int64_t n, top, bottom, left, right;     // cells
  std::int64_t first_p, first_q, lines, width;  // pixels of dy, also those outside of it

  CellBlock(const Cells& cells, std::int64_t task)
      : n(task / cells.blocks_w / cells.blocks_h),
        top(part(task / cells.blocks_w % cells.blocks_h, cells.height, cells.blocks_h)),
        bottom(part(task / cells.blocks_w % cells.blocks_h + 1, cells.height, cells.blocks_h)),
        left(part(task % cells.blocks_w, cells.width, cells.blocks_w)),
        right(part(task % cells.blocks_w + 1, cells.width, cells.blocks_w)),
        first_p(top - (cells.taps_h - 1)),
        first_q(left - (cells.taps_w - 1)),
        lines(bottom - first_p),
        width(right - first_q) {}
};

// T of a block; zero outside of dy.
template <class T>
void multiply_cells(const Cells& cells, const CellBlock& block, View dy, const float* packed,
                    float* t) {
  const Shape y = dy.shape;
  const std::int64_t p = std::clamp<std::int64_t>(block.first_p, 0, y.h);
  const std::int64_t q = std::clamp<std::int64_t>(block.first_q, 0, y.w);
  const std::int64_t height = std::clamp<std::int64_t>(block.bottom, p, y.h) - p;
  const std::int64_t width = std::clamp<std::int64_t>(block.right, q, y.w) - q;
  if (height < block.lines || width < block.width)
    zero_run(t, block.lines * block.width * cells.columns);
  const Shape image = {1, y.h, y.w, y.c};
  const Product<T, FilterRows<T>, float> product = {
      .a = {.data = dy.as<T>() + block.n * y.h * y.w * dy.pitch,
            .pitch = dy.pitch,
            .source = image,
            .top = p,
            .left = q,
            .height = height,
            .width = width},
      .b = {},
      .columns = cells.columns,
      .target = {t,
                 cells.columns,
                 {1, block.lines, block.width, cells.columns},
                 1,
                 p - block.first_p,
                 q - block.first_q},
      .packed = packed};
  const std::int64_t rows = product.a.rows(), parts = divide_up(rows, kBlockRows);
  for (std::int64_t i = 0; i < parts; ++i) {
    const std::int64_t row = part(i, rows, parts);
    multiply_block(product, row, part(i + 1, rows, parts) - row, 0, product.panels());
  }
}

// The pixels of a line of dx that the cells of a block cover, from pixel `first` on.
struct CellLine {
  float* data;
  std::int64_t pitch, channels, first, pixels;
  bool add;
};

// One cell's part of a line, some of it outside: element e is channel (e % channels) of pixel
// w + e / channels, counted from the first.
HWY_NOINLINE void write_partial_cell(const CellLine& line, std::int64_t w, std::int64_t first,
                                     std::int64_t count, const float* values) {
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t e = first + i, pixel = w + e / line.channels;
    if (pixel < 0 || pixel >= line.pixels) continue;
    float& to = line.data[pixel * line.pitch + e % line.channels];
    to = line.add ? to + values[i] : values[i];
  }
}

// What one cell reads from T: at most 2 x 2 taps, each `columns` further for the next cell.
struct Taps {
  const float* from[4];
  std::int64_t count[4];  // elements; 0: no such tap
};

inline Taps taps_of(const Cells& cells, const CellBlock& block, std::int64_t u, std::int64_t phase,
                    std::int64_t first, const float* t) {
  Taps taps;
  for (std::int64_t i = 0; i < 4; ++i) {
    const std::int64_t a = i / 2, b = i % 2;
    const std::int64_t r = phase + a * cells.stride, s = b * cells.stride;
    const bool exists = r < cells.filter.h && s < cells.filter.w;
    const std::int64_t pixel =
        (u - a - block.first_p) * block.width + block.left - b - block.first_q;
    const std::int64_t column = (r * cells.filter.w + s) * cells.filter.c + first;
    taps.from[i] = exists ? t + pixel * cells.columns + column : t;
    taps.count[i] = exists ? (cells.filter.w - s) * cells.filter.c - first : 0;
  }
  return taps;
}

// Line `phase` of the cells (u, left..right): sums over the taps r = phase + a*stride.
inline void gather_line(const Cells& cells, const CellBlock& block, std::int64_t u,
                        std::int64_t phase, std::int64_t pad, Finish finish, const float* t,
                        const CellLine& line) {
  const Tag d;
  const std::int64_t run = cells.stride * cells.filter.c, columns = cells.columns;
  for (std::int64_t first = 0; first < run; first += kLanes) {
    const std::int64_t count = std::min<std::int64_t>(kLanes, run - first);
    const Taps taps = taps_of(cells, block, u, phase, first, t);
    const auto mask_of = [&](std::int64_t elements) HWY_ATTR {
      return hn::FirstN(d, std::size_t(std::clamp<std::int64_t>(elements, 0, count)));
    };
    const auto mask0 = mask_of(taps.count[0]), mask1 = mask_of(taps.count[1]);
    const auto mask2 = mask_of(taps.count[2]), mask3 = mask_of(taps.count[3]);
    const auto mask = mask_of(count);
    const Vector start = hn::LoadU(d, finish.bias + first);
    std::int64_t at = 0, w = block.left * cells.stride - pad - line.first;
    for (std::int64_t v = block.left; v < block.right; ++v, at += columns, w += cells.stride) {
      const Vector low = hn::Add(hn::MaskedLoad(mask0, d, taps.from[0] + at),
                                 hn::MaskedLoad(mask1, d, taps.from[1] + at));
      const Vector high = hn::Add(hn::MaskedLoad(mask2, d, taps.from[2] + at),
                                  hn::MaskedLoad(mask3, d, taps.from[3] + at));
      Vector sum = hn::Add(start, hn::Add(low, high));
      if (finish.activates()) sum = activate(sum, finish.slope);
      if (!HWY_MEM_OPS_MIGHT_FAULT && line.pitch == line.channels && w >= 0 &&
          w + cells.stride <= line.pixels) {
        float* to = line.data + w * line.pitch + first;
        if (line.add) sum = hn::Add(sum, hn::MaskedLoad(mask, d, to));
        hn::BlendedStore(sum, mask, d, to);
      } else {
        HWY_ALIGN float values[kLanes];
        hn::Store(sum, d, values);
        write_partial_cell(line, w, first, count, values);
      }
    }
  }
}

// Line `phase` of the cells (u, left..right), into dx; in bf16 it is rounded as a whole.
template <class T>
void write_line(const Cells& cells, const CellBlock& block, std::int64_t u, std::int64_t phase,
                std::int64_t pad, Finish finish, const float* t, View dx, Write write) {
  const std::int64_t h = u * cells.stride + phase - pad, channels = cells.filter.c;
  if (h < 0 || h >= dx.shape.h) return;
  const std::int64_t first = std::max<std::int64_t>(0, block.left * cells.stride - pad);
  const std::int64_t pixels = std::min(dx.shape.w, block.right * cells.stride - pad) - first;
  const bool add = write == Write::accumulate;
  T* to = dx.as<T>() + ((block.n * dx.shape.h + h) * dx.shape.w + first) * dx.pitch;
  if constexpr (std::is_same_v<T, float>) {
    gather_line(cells, block, u, phase, pad, finish, t,
                {to, dx.pitch, channels, first, pixels, add});
  } else {
    HWY_ALIGN float sums[Cells::kMaxWidth * Cells::kMaxRun];
    if (add) copy_pixels(to, dx.pitch, sums, channels, pixels, channels);
    gather_line(cells, block, u, phase, pad, finish, t,
                {sums, channels, channels, first, pixels, add});
    copy_pixels(sums, channels, to, dx.pitch, pixels, channels);
  }
}

// The whole filter as the matrix B of the product, (panel, k, kPanel).
template <class T>
void pack_cells(const Cells& cells, const ConvFilter& filter, float* packed) {
  const View w = filter.w;
  HWY_ALIGN float scales[Cells::kMaxColumns];
  for (std::int64_t i = 0; filter.scale && i < cells.columns; ++i)
    scales[i] = filter.scale[i % w.shape.c];
  const FilterRows<T> rows = {w.as<T>(), {w.shape.n, 1, 1, cells.columns}, 1, 0, 0,
                              1,         filter.scale ? scales : nullptr};
  parallel_for(divide_up(cells.columns, kPanel), [&](std::int64_t panel) HWY_ATTR {
    rows.pack(0, w.shape.n, panel * kPanel, packed + panel * w.shape.n * kPanel);
  });
}

// T: what dy and dx are stored as.
template <class T>
void input_grad_few(const Cells& cells, Conv2dGeometry g, View dy, const float* packed,
                    Finish finish, View dx, Write write) {
  parallel_for(dx.shape.n * cells.blocks_h * cells.blocks_w, [&](std::int64_t task) HWY_ATTR {
    const CellBlock block(cells, task);
    HWY_ALIGN float t[Cells::kTemporary + kLanes];
    HWY_ALIGN float bias[Cells::kMaxRun + kLanes] = {};
    for (std::int64_t i = 0; finish.bias && i < cells.stride * dx.shape.c; ++i)
      bias[i] = finish.bias[i % dx.shape.c];
    zero_run(t + block.lines * block.width * cells.columns, kLanes);
    multiply_cells<T>(cells, block, dy, packed, t);
    for (std::int64_t u = block.top; u < block.bottom; ++u)
      for (std::int64_t phase = 0; phase < cells.stride; ++phase)
        write_line<T>(cells, block, u, phase, g.pad, {bias, finish.slope}, t, dx, write);
  });
}

}  // namespace dagan::cpu::implicit_gemm::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
