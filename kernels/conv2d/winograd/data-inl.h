// The transforms of x and of dy, tile by tile, into the order in which the products read them.
#if defined(DAGAN_WINOGRAD_DATA) == defined(HWY_TARGET_TOGGLE)
#ifdef DAGAN_WINOGRAD_DATA
#undef DAGAN_WINOGRAD_DATA
#else
#define DAGAN_WINOGRAD_DATA
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <type_traits>

#include "kernels/conv2d/winograd/product-inl.h"
#include "kernels/parallel.h"

HWY_BEFORE_NAMESPACE();
namespace dagan::cpu::winograd::HWY_NAMESPACE {

using implicit_gemm::HWY_NAMESPACE::copy_run;
using implicit_gemm::HWY_NAMESPACE::zero_run;

constexpr std::int64_t kChunk =
    64;  // channels that one task transforms: a patch stays in the cache

// A square of kSide pixels of some channels, which may reach outside of the tensor: where each
// pixel is. What is stored in bf16, and channels that only pad a group, are read from a copy.
template <class T, int kSide>
struct Patch {
  const float* at[kSide][kSide];
  HWY_ALIGN float zeros[kChunk];
  HWY_ALIGN float copy[kSide * kSide * kChunk];

  Patch() { zero_run(zeros, kChunk); }

  void find(View from, std::int64_t n, std::int64_t top, std::int64_t left, std::int64_t channel,
            std::int64_t channels) {
    const Shape s = from.shape;
    const T* source = from.as<T>() + ((n * s.h + top) * s.w + left) * from.pitch + channel;
    const std::int64_t count = std::min(channels, s.c - channel);
    const bool in_place = std::is_same_v<T, float> && count == channels;
    for (std::int64_t i = 0; i < kSide; ++i)
      for (std::int64_t j = 0; j < kSide; ++j) {
        const bool inside = top + i >= 0 && top + i < s.h && left + j >= 0 && left + j < s.w;
        const T* pixel = source + (i * s.w + j) * from.pitch;
        if (!inside)
          at[i][j] = zeros;
        else if constexpr (std::is_same_v<T, float>)
          at[i][j] = in_place ? pixel : copied(pixel, (i * kSide + j) * channels, count, channels);
        else
          at[i][j] = copied(pixel, (i * kSide + j) * channels, count, channels);
      }
  }

 private:
  const float* copied(const T* pixel, std::int64_t offset, std::int64_t count,
                      std::int64_t channels) {
    float* to = copy + offset;
    copy_run(pixel, to, count);
    zero_run(to + count, channels - count);
    return to;
  }
};

// V = BT d B of one tile of x, for each phase; put(phase, c) stores its points.
template <int m, class T>
struct TransformX {
  View x;

  template <class Put>
  void operator()(std::int64_t n, std::int64_t i, std::int64_t j, std::int64_t channel,
                  std::int64_t channels, Put put) const {
    Patch<T, 2 * m + 2> patch;
    patch.find(x, n, 2 * m * i - 1, 2 * m * j - 1, channel, channels);
    for (std::int64_t phase = 0; phase < kPhases; ++phase) {
      const std::int64_t a = phase / 2, b = phase % 2;
      for (std::int64_t c = 0; c < channels; c += kLanes) {
        const auto load = [&](int r, int s) HWY_ATTR {
          return hn::LoadU(Tag(), patch.at[2 * r + a][2 * s + b] + c);
        };
        transform<F<m>::BT>(load, put(phase, channel + c));
      }
    }
  }
};

// Z = A dy AT of one tile of dy.
template <int m, class T>
struct TransformDy {
  View dy;

  template <class Put>
  void operator()(std::int64_t n, std::int64_t i, std::int64_t j, std::int64_t channel,
                  std::int64_t channels, Put put) const {
    Patch<T, m> patch;
    patch.find(dy, n, m * i, m * j, channel, channels);
    for (std::int64_t c = 0; c < channels; c += kLanes)
      transform<F<m>::AT.transposed()>(
          [&](int r, int s) HWY_ATTR { return hn::LoadU(Tag(), patch.at[r][s] + c); },
          put(0, channel + c));
  }
};

// Transforms all tiles on all threads: transform(n, i, j, channel, channels, put) for chunks of
// `channels`, with put = put_of(tile).
template <int m, class Transform, class PutOf>
void transform_all(const Tiles<m>& tiles, std::int64_t channels, Transform transform,
                   PutOf put_of) {
  const std::int64_t chunks = divide_up(channels, kChunk);
  parallel_for(tiles.count() * chunks, [&](std::int64_t task) HWY_ATTR {
    const std::int64_t tile = task / chunks, channel = task % chunks * kChunk;
    transform(tile / tiles.width / tiles.height, tile / tiles.width % tiles.height,
              tile % tiles.width, channel, std::min(kChunk, channels - channel), put_of(tile));
  });
}

// The tiles of a strip as rows of A, in blocks of at most kMaxRows.
template <int m>
struct Blocks {
  std::int64_t first, tiles, count;

  Blocks(const Tiles<m>& t, const Strip& strip)
      : first(strip.line * t.width),
        tiles(strip.lines * t.width),
        count(divide_up(tiles, kMaxRows)) {}
  std::int64_t start(std::int64_t block) const { return part(block, tiles, count); }
  std::int64_t rows(std::int64_t block) const { return start(block + 1) - start(block); }
  // A block of one point of A, from some step of the depth on.
  const float* at(const float* point, std::int64_t depth, std::int64_t block,
                  std::int64_t step) const {
    return point + (first + start(block)) * depth + step * rows(block);
  }
};

// The operand A of all points, (point, block, depth / kGroup, row, kGroup), from x or dy: the depth
// is (phase, padded channel).
template <int m>
std::int64_t rows_size(const Tiles<m>& tiles, std::int64_t depth) {
  return Tiles<m>::points * plane(tiles.count() * depth);
}

template <int m, class Transform>
void transform_to_rows(const Tiles<m>& tiles, std::int64_t channels, std::int64_t phases,
                       Transform transform, float* to) {
  const std::int64_t depth = phases * channels, size = plane(tiles.count() * depth);
  transform_all(tiles, channels, transform, [&](std::int64_t tile) HWY_ATTR {
    const Blocks<m> blocks(tiles, tiles.strip_of(tile / tiles.width));
    const std::int64_t block = part_of(tile - blocks.first, blocks.tiles, blocks.count);
    const std::int64_t rows = blocks.rows(block);
    float* row = to + (blocks.first + blocks.start(block)) * depth +
                 (tile - blocks.first - blocks.start(block)) * kGroup;
    return [=](std::int64_t phase, std::int64_t c) HWY_ATTR {
      const std::int64_t step = phase * channels + c;
      float* at = row + step / kGroup * kGroup * rows + step % kGroup;
      return store_points<m + 1>(at, size);
    };
  });
}

}  // namespace dagan::cpu::winograd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
