// How CPU kernels cut a tensor into blocks. The cut depends on the shape alone, so that sums over
// blocks, added in order, have the same bits for any number of threads.
#pragma once
#include <algorithm>
#include <cstdint>

#include "core/view.h"
#include "kernels/parallel.h"

namespace dagan {

struct Blocks {
  std::int64_t total = 0, size = 1;  // the last block may be shorter

  std::int64_t count() const { return (total + size - 1) / size; }
  std::int64_t begin(std::int64_t i) const { return i * size; }
  std::int64_t end(std::int64_t i) const { return std::min(total, (i + 1) * size); }
};

// Blocks of pixels for sums per channel: short enough for f32 sums, small enough to stay in the L2
// cache while they are read again.
inline Blocks pixel_blocks(std::int64_t pixels, std::int64_t channels) {
  return {pixels, std::clamp<std::int64_t>(16384 / channels, 16, 128)};
}

// Blocks of about 4096 elements for element-wise work and for sums over everything: of elements
// where the tensor is contiguous, of pixels where it is a slice of a wider one.
inline Blocks element_blocks(Shape shape) { return {shape.size(), 4096}; }
inline Blocks row_blocks(Shape shape) {
  return {shape.pixels(), std::max<std::int64_t>(1, 4096 / shape.c)};
}
inline std::int64_t most_blocks(Shape shape) {
  return std::max(element_blocks(shape).count(), row_blocks(shape).count());
}

// Channels are added up in groups, row after row: column after column would miss the cache each
// time.
constexpr std::int64_t kChannelGroup = 16;

// Calls f(begin, end) for every group of channels.
template <class F>
void for_each_channel_group(std::int64_t channels, F f) {
  const Blocks groups{channels, kChannelGroup};
  parallel_for(groups.count(),
               [&](std::int64_t group) { f(groups.begin(group), groups.end(group)); });
}

// sums[c - begin] += the sum over the rows, in order, of row[c].
template <class T>
void add_rows(const T* row, std::int64_t rows, std::int64_t pitch, std::int64_t begin,
              std::int64_t end, double* sums) {
  for (std::int64_t i = 0; i < rows; ++i, row += pitch)
    for (std::int64_t c = begin; c < end; ++c) sums[c - begin] += double(float(row[c]));
}

}  // namespace dagan
