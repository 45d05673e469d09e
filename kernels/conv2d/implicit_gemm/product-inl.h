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

#include "kernels/conv2d/implicit_gemm/pack-inl.h"
#include "kernels/parallel.h"

HWY_BEFORE_NAMESPACE();
namespace dagan::cpu::implicit_gemm::HWY_NAMESPACE {

constexpr std::int64_t kBlockRows = 64;  // 70 KB of A: on the stack, in the level 2 cache

template <class Filter>
struct Product {
  Patches a;
  Filter b;
  std::int64_t columns;
  Target target;
  const float* bias = nullptr;
  bool add = false;
  const float* packed = nullptr;  // B by panels, (panel, depth, kPanel); null: packed when needed

  std::int64_t panels() const { return divide_up(columns, kPanel); }
  std::int64_t depth() const { return a.columns(); }
  std::int64_t depth_blocks() const {
    return std::max<std::int64_t>(1, divide_up(depth(), kDepth));
  }
};

template <class Filter>
HWY_INLINE void pack_panel(const Product<Filter>& product, std::int64_t panel, float* packed) {
  float* to = packed + panel * product.depth() * kPanel;
  product.b.pack(0, product.depth(), panel * kPanel, to);
}

// The rows [row, row + rows) times the panels [panel, stop); rows <= kBlockRows.
template <class Filter>
void multiply_block(const Product<Filter>& product, std::int64_t row, std::int64_t rows,
                    std::int64_t panel, std::int64_t stop) {
  HWY_ALIGN float a[kBlockRows * kRowPitch];
  HWY_ALIGN float own_panel[kDepth * kPanel];
  float* out[kBlockRows];
  const Patches& p = product.a;
  for (std::int64_t m = 0; m < rows; ++m) {
    const std::int64_t pixel = row + m, line = pixel / p.width;
    out[m] = product.target.pixel(line / p.height, line % p.height, pixel % p.width);
  }
  const std::int64_t tiles = divide_up(rows, kMaxRows), blocks = product.depth_blocks();
  for (std::int64_t block = 0; block < blocks; ++block) {
    const std::int64_t k = part(block, product.depth(), blocks);
    const std::int64_t depth = part(block + 1, product.depth(), blocks) - k;
    pack_patches(p, row, rows, k, depth, a, kRowPitch);
    for (std::int64_t j = panel; j < stop; ++j) {
      const float* b = own_panel;
      if (product.packed)
        b = product.packed + (j * product.depth() + k) * kPanel;
      else
        product.b.pack(k, depth, j * kPanel, own_panel);
      for (std::int64_t t = 0; t < tiles; ++t) {
        const std::int64_t m = part(t, rows, tiles), next = part(t + 1, rows, tiles);
        multiply_rows(int(next - m), {.a = a + m * kRowPitch,
                                      .b = b,
                                      .depth = depth,
                                      .rows = out + m,
                                      .column = j * kPanel,
                                      .columns = std::min(kPanel, product.columns - j * kPanel),
                                      .bias = block == 0 ? product.bias : nullptr,
                                      .add = product.add || block > 0});
      }
    }
  }
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

template <class Filter>
void multiply_part(const Product<Filter>& product, const Cut& cut, std::int64_t task) {
  const std::int64_t block = task / cut.groups, group = task % cut.groups;
  const std::int64_t rows = product.a.rows(), row = part(block, rows, cut.blocks);
  multiply_block(product, row, part(block + 1, rows, cut.blocks) - row,
                 part(group, product.panels(), cut.groups),
                 part(group + 1, product.panels(), cut.groups));
}

}  // namespace dagan::cpu::implicit_gemm::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
