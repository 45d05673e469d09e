// Patches times filters, C = A B, in blocks: the convolution, each phase of its input gradient, and
// the first half of the input gradient for few channels.
#if defined(DAGAN_CONV2D_PRODUCT) == defined(HWY_TARGET_TOGGLE)
#ifdef DAGAN_CONV2D_PRODUCT
#undef DAGAN_CONV2D_PRODUCT
#else
#define DAGAN_CONV2D_PRODUCT
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <type_traits>

#include "kernels/conv2d/implicit_gemm/pack-inl.h"
#include "kernels/parallel.h"

HWY_BEFORE_NAMESPACE();
namespace dagan::cpu::implicit_gemm::HWY_NAMESPACE {

constexpr std::int64_t kBlockRows = 64;
constexpr std::int64_t kMaxRuns = 32;

// A part of the depth that one call of the micro-kernel takes: channels [channel, channel +
// channels) of taps [tap, tap + taps).
struct DepthBlock {
  std::int64_t tap, taps, channel, channels;
};

// How the depth is cut into blocks of at most kDepth and kMaxRuns taps.
struct DepthCut {
  std::int64_t taps, channels, tap_parts, channel_parts;

  template <class T>
  explicit DepthCut(const Patches<T>& p)
      : taps(p.taps_h * p.taps_w),
        channels(p.source.c),
        tap_parts(channels >= kDepth ? taps
                                     : divide_up(taps, std::min(kMaxRuns, kDepth / channels))),
        channel_parts(divide_up(channels, kDepth)) {}

  std::int64_t blocks() const { return tap_parts * channel_parts; }
  DepthBlock block(std::int64_t index) const {
    const std::int64_t t = index / channel_parts, c = index % channel_parts;
    const std::int64_t tap = part(t, taps, tap_parts), channel = part(c, channels, channel_parts);
    return {tap, part(t + 1, taps, tap_parts) - tap, channel,
            part(c + 1, channels, channel_parts) - channel};
  }
};

// Some rows of A: where each run of channels starts. The micro-kernel reads them in f32: in place,
// or from a copy.
template <class T>
class Rows {
 public:
  Rows(const Patches<T>& patches, std::int64_t row, std::int64_t count)
      : patches_(patches), row_(row), count_(count) {
    zero_run(zeros_, kDepth);
  }

  // From row m of these on, for the micro-kernel.
  RowsOfA from(std::int64_t m) const { return {starts_ + m, kBlockRows, runs_, length_, zeros_}; }

  void find(const DepthBlock& block) {
    const Patches<T>& p = patches_;
    runs_ = block.taps, length_ = block.channels;
    if (runs_ == 0) return;
    Pixel pixel = p.pixel(row_);
    for (std::int64_t m = 0; m < count_;) {
      const std::int64_t span = std::min(count_ - m, p.span(pixel));
      const std::int64_t right = p.images_first ? 0 : p.step;
      const std::int64_t next = (p.images_first ? p.source.h * p.source.w : p.step) * p.pitch;
      std::int64_t a = block.tap / p.taps_w, b = block.tap % p.taps_w;
      for (std::int64_t run = 0; run < runs_; ++run) {
        const std::int64_t h = pixel.i * p.step + p.top + a;
        std::int64_t w = pixel.j * p.step + p.left + b;
        const T* from =
            p.data + ((pixel.n * p.source.h + h) * p.source.w + w) * p.pitch + block.channel;
        const float** starts = starts_ + run * kBlockRows + m;
        const bool line = h >= 0 && h < p.source.h;
        for (std::int64_t i = 0; i < span; ++i, w += right, from += next)
          starts[i] = line && w >= 0 && w < p.source.w ? in_f32(from, run, m + i) : nullptr;
        if (++b == p.taps_w) b = 0, ++a;
      }
      p.advance(pixel, span);
      m += span;
    }
  }

 private:
  static constexpr bool kInPlace = std::is_same_v<T, float>;

  HWY_INLINE const float* in_f32(const T* from, std::int64_t run, std::int64_t row) {
    if constexpr (kInPlace) {
      return from;
    } else {
      float* to = copy_ + (row * runs_ + run) * length_;
      copy_run(from, to, length_);
      return to;
    }
  }

  const Patches<T>& patches_;
  std::int64_t row_, count_, runs_ = 0, length_ = 0;
  const float* starts_[kMaxRuns * kBlockRows];
  HWY_ALIGN float zeros_[kDepth];
  HWY_ALIGN float copy_[kInPlace ? 1 : kBlockRows * kDepth];
};

// Of patches and a filter stored as A and in B, into a tensor stored as C.
template <class A, class B, class C>
struct Product {
  Patches<A> a;
  B b;
  std::int64_t columns;
  Target<C> target;
  Finish finish = {};
  bool add = false;
  const float* packed = nullptr;  // B by panels, (panel, depth, kPanel); null: packed when needed

  std::int64_t panels() const { return divide_up(columns, kPanel); }
  std::int64_t depth() const { return a.columns(); }
  std::int64_t start(const DepthBlock& block) const {
    return block.tap * a.source.c + block.channel;
  }
};

// `rows` times the panels [panel, stop), to to[m] + (column - origin).
template <class A, class B, class C>
void multiply_panels(const Product<A, B, C>& product, Rows<A>& rows, std::int64_t count,
                     std::int64_t panel, std::int64_t stop, float* const* to, std::int64_t origin) {
  HWY_ALIGN float own_panel[kDepth * kPanel];
  const std::int64_t tiles = divide_up(count, kMaxRows);
  const DepthCut cut(product.a);
  // A phase without taps has no depth and still writes its zeros.
  for (std::int64_t index = 0; index < std::max<std::int64_t>(1, cut.blocks()); ++index) {
    const DepthBlock block = cut.blocks() > 0 ? cut.block(index) : DepthBlock{0, 0, 0, 0};
    const auto packed = [&](std::int64_t j, std::int64_t k) HWY_ATTR {
      return product.packed + (j * product.depth() + k) * kPanel;
    };
    const std::int64_t k = product.start(block);
    rows.find(block);
    for (std::int64_t j = panel; j < stop; ++j) {
      const float* b = own_panel;
      if (product.packed)
        b = packed(j, k);
      else
        product.b.pack(k, block.taps * block.channels, j * kPanel, own_panel);
      const float* next = nullptr;
      if (product.packed && j + 1 < stop)
        next = packed(j + 1, k);
      else if (product.packed && index + 1 < cut.blocks())
        next = packed(panel, product.start(cut.block(index + 1)));
      for (std::int64_t t = 0; t < tiles; ++t) {
        const std::int64_t m = part(t, count, tiles);
        multiply(part(t + 1, count, tiles) - m, rows.from(m),
                 {.b = b,
                  .to = to + m,
                  .column = j * kPanel - origin,
                  .columns = std::min(kPanel, product.columns - j * kPanel),
                  .finish = index + 1 >= cut.blocks() ? product.finish.from(j * kPanel) : Finish{},
                  .add = product.add || index > 0,
                  .ahead = next ? Ahead(next, block.taps * block.channels, t, tiles) : Ahead()});
      }
    }
  }
}

// The same into bf16: a few panels at a time are summed in f32, and rounded once.
template <class A, class B>
void multiply_panels(const Product<A, B, bf16>& product, Rows<A>& rows, std::int64_t count,
                     std::int64_t panel, std::int64_t stop, bf16* const* to, std::int64_t) {
  constexpr std::int64_t kPanels = 4, kColumns = kPanels * kPanel;
  HWY_ALIGN float sums[kBlockRows * kColumns];
  float* lines[kBlockRows];
  for (std::int64_t m = 0; m < count; ++m) lines[m] = sums + m * kColumns;
  for (; panel < stop; panel += kPanels) {
    const std::int64_t last = std::min(stop, panel + kPanels), first_column = panel * kPanel;
    const std::int64_t columns = std::min(last * kPanel, product.columns) - first_column;
    for (std::int64_t m = 0; product.add && m < count; ++m)
      copy_run(to[m] + first_column, lines[m], columns);
    multiply_panels(product, rows, count, panel, last, lines, first_column);
    for (std::int64_t m = 0; m < count; ++m) copy_run(lines[m], to[m] + first_column, columns);
  }
}

// The rows [row, row + count) times the panels [panel, stop); count <= kBlockRows.
template <class A, class B, class C>
void multiply_block(const Product<A, B, C>& product, std::int64_t row, std::int64_t count,
                    std::int64_t panel, std::int64_t stop) {
  Rows<A> rows(product.a, row, count);
  C* to[kBlockRows];
  Pixel pixel = product.a.pixel(row);
  for (std::int64_t m = 0; m < count;) {
    C* at = product.target.at(pixel);
    const std::int64_t next = product.target.next(product.a.images_first);
    const std::int64_t span = std::min(count - m, product.a.span(pixel));
    for (const std::int64_t end = m + span; m < end; ++m, at += next) to[m] = at;
    product.a.advance(pixel, span);
  }
  multiply_panels(product, rows, count, panel, stop, to, 0);
}

// How the work is cut, for any number of threads: by blocks of rows and, where those are few, also
// by groups of columns.
struct Cut {
  std::int64_t blocks, groups;

  Cut(std::int64_t rows, std::int64_t columns, std::int64_t phases)
      : blocks(std::max<std::int64_t>(1, divide_up(rows, kBlockRows))) {
    constexpr std::int64_t kTasks = 16, kMinColumns = 64;
    groups = std::clamp<std::int64_t>(divide_up(kTasks, blocks * phases), 1,
                                      std::max<std::int64_t>(1, columns / kMinColumns));
  }
  // With one block of rows every panel of B is used once, by one task, which packs it for itself.
  bool packs_first() const { return blocks > 1; }
};

template <class A, class B, class C>
void multiply_part(const Product<A, B, C>& product, const Cut& cut, std::int64_t task) {
  const std::int64_t block = task / cut.groups, group = task % cut.groups;
  const std::int64_t rows = product.a.rows(), row = part(block, rows, cut.blocks);
  multiply_block(product, row, part(block + 1, rows, cut.blocks) - row,
                 part(group, product.panels(), cut.groups),
                 part(group + 1, product.panels(), cut.groups));
}

}  // namespace dagan::cpu::implicit_gemm::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
