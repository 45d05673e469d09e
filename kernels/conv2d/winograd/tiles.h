// A convolution by 4x4 filters with stride 2 and padding 1 is the sum over the four phases (a,b) of
// convolutions by 2x2 filters with stride 1: of the pixels (2i + a - 1, 2j + b - 1) of x by the
// taps (2r + a, 2s + b). Each is done by F(m x m, 2x2): y is cut into tiles of m x m pixels, and
// the four phases of a tile see a patch of (2m + 2) x (2m + 2) pixels of x.
#pragma once
#include <algorithm>

#include "kernels/conv2d/implicit_gemm/patches.h"

namespace dagan::cpu::winograd {

using implicit_gemm::divide_up;
using implicit_gemm::part;

// The part that x, 0 <= x < count, belongs to.
constexpr std::int64_t part_of(std::int64_t x, std::int64_t count, std::int64_t parts) {
  return divide_up((x + 1) * parts, count) - 1;
}

constexpr std::int64_t kPhases = 4;
// Channels are padded with zeros to a multiple of this.
constexpr std::int64_t kGroup = implicit_gemm::kLine;

constexpr std::int64_t padded(std::int64_t channels) {
  return divide_up(channels, kGroup) * kGroup;
}

// Room for one point of a transform. Unpadded, powers of two would put all points of a tile into
// one set of the cache.
constexpr std::int64_t plane(std::int64_t floats) { return floats + 5 * kGroup; }

// Panels that one task multiplies together at most (of the filter gradient: groups of filters), and
// the tasks that have to be left over for threads.
constexpr std::int64_t kMostTogether = 4, kTasksLeft = 16;

// Some neighbouring lines of tiles: whole images, or a part of one.
struct Strip {
  std::int64_t line, lines;
};

// The tiles of y, in order (image, line, column), and how they are cut into strips.
template <int m>
struct Tiles {
  static constexpr int n = m + 1,
                       points = n * n;  // products of one tile, for each pair of channels
  static constexpr std::int64_t kMost = m == 4 ? 64 : 128;  // tiles of a strip

  std::int64_t images, height, width;  // tiles of an image
  std::int64_t strips_of_image, images_of_strip;

  explicit Tiles(Shape y)
      : images(y.n),
        height(divide_up(y.h, m)),
        width(divide_up(y.w, m)),
        strips_of_image(divide_up(height, std::max<std::int64_t>(1, kMost / width))),
        images_of_strip(strips_of_image > 1 ? 1
                                            : std::max<std::int64_t>(1, kMost / (height * width))) {
  }

  std::int64_t count() const { return images * height * width; }
  bool suits() const { return width <= kMost; }

  // Groups of strips that share no pixel of x: those of one image, or a strip of several.
  std::int64_t groups() const { return divide_up(images, images_of_strip); }
  Strip strip(std::int64_t group, std::int64_t i) const {
    const std::int64_t first = part(group, images, groups());
    if (strips_of_image == 1)
      return {first * height, (part(group + 1, images, groups()) - first) * height};
    const std::int64_t line = part(i, height, strips_of_image);
    return {first * height + line, part(i + 1, height, strips_of_image) - line};
  }
  std::int64_t strips() const { return groups() * strips_of_image; }
  std::int64_t most_of_strip() const {
    return strips_of_image == 1 ? divide_up(images, groups()) * height * width
                                : divide_up(height, strips_of_image) * width;
  }
  // The strip of a line, counted over all images.
  Strip strip_of(std::int64_t line) const {
    return strip(part_of(line / height, images, groups()),
                 part_of(line % height, height, strips_of_image));
  }
};

}  // namespace dagan::cpu::winograd
