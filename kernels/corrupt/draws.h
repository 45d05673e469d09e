// Which random number decides what: one layout for every device. With p = Philox{seed}:
//
//   p.words(stream, index)   stream = step << 32 | image of the batch
//                            index  = Draw << 32 | number
//   Draw::augment    0       flip along W, flip along H, shift along H, shift along W
//   Draw::count      0       number of rectangles, -, -, -
//   Draw::rectangle  2r      height, width, top, left of rectangle r
//                    2r + 1  donor (lowest bit: paste or brighten), top, left there, brightness
//   Draw::noise      b       elements 4b .. 4b+3 of the image, in NHWC order:
//                            normal_pair of the words 0, 1 and of 2, 3
//
// The normal numbers are made of fused multiply-adds, square roots and integers only, each exactly
// rounded on every machine, so that their bits depend on no mathematics library.
#pragma once
#include <algorithm>
#include <bit>
#include <cmath>
#include <iterator>

#include "core/random.h"
#include "kernels/corrupt/corrupt.h"

namespace dagan {

enum class Draw : std::uint32_t { augment = 1, count, rectangle, noise };

DAGAN_HOST_DEVICE inline std::array<std::uint32_t, 4> draw(std::uint64_t seed, std::uint32_t step,
                                                           std::int64_t image, Draw kind,
                                                           std::int64_t number) {
  return Philox{seed}.words(std::uint64_t(step) << 32 | std::uint64_t(image),
                            std::uint64_t(kind) << 32 | std::uint64_t(number));
}

// Polynomials, least maximal error in f32 on the range that is used.
inline constexpr float kLog[] = {-0.5000058f,  0.33335263f, -0.24961466f, 0.19888277f,
                                 -0.17325996f, 0.16335641f, -0.10034608f};
inline constexpr float kSine[] = {1.5707963f, -0.64596295f, 0.07967592f, -0.0045923316f};
inline constexpr float kCosine[] = {-1.2337005f, 0.25366926f, -0.020860308f, 0.00090406056f};
inline constexpr float kLogTwo = 0.69314718f;
inline constexpr std::int32_t kRootHalfBits = 0x3f3504f3;  // sqrt(0.5) as f32

// table[0] + table[1] t + table[2] t^2 + ..., by Horner's rule. Every coefficient is a constant, so
// that no kernel has to read a table.
template <const auto& kTable, std::size_t kFirst = 0>
DAGAN_HOST_DEVICE inline float polynomial(float t) {
  constexpr float coefficient = kTable[kFirst];
  if constexpr (kFirst + 1 == std::size(kTable)) {
    return coefficient;
  } else {
    return std::fma(polynomial<kTable, kFirst + 1>(t), t, coefficient);
  }
}

struct Pair {
  float first, second;
};

// Two independent standard normal numbers (Box and Muller): a gives the radius sqrt(-2 ln u), u in
// (0,1] with 24 bits, so at most 5.77; b gives the angle: a quarter turn by its two highest bits
// and an offset of -1/2 to 1/2 quarter turns by the next 24.
DAGAN_HOST_DEVICE inline Pair normal_pair(std::uint32_t a, std::uint32_t b) {
  // u = m * 2^e, m in [sqrt(1/2), sqrt(2))
  const std::int32_t bits = std::bit_cast<std::int32_t>(float((a >> 8) + 1));
  const std::int32_t exponent = (bits - kRootHalfBits) >> 23;
  const float t = std::bit_cast<float>(bits - (exponent << 23)) - 1.0f;
  const float p = std::fma(polynomial<kLog>(t), t * t, t);
  const float log = std::fma(float(exponent - 24), kLogTwo, p);
  const float radius = std::sqrt(std::max(-2.0f * log, 0.0f));

  const std::uint32_t turned = b + (1u << 29);  // so that the quarter is the nearest one
  const float f = float(std::int32_t(b << 2) >> 8) * 0x1p-24f;
  const float f2 = f * f;
  float s = polynomial<kSine>(f2) * f, c = std::fma(polynomial<kCosine>(f2), f2, 1.0f);
  const std::uint32_t quarter = turned >> 30;
  if (quarter & 1) {
    const float swap = s;
    s = c;
    c = -swap;
  }
  if (quarter & 2) {
    s = -s;
    c = -c;
  }
  return {radius * c, radius * s};
}

// What happened to one rectangle of one image.
struct Damage {
  std::int64_t top, left, height, width;  // pixels
  bool paste;
  std::int64_t donor, donor_top, donor_left;  // where a pasted one comes from
  float brightness;                           // what is added to another one
};

DAGAN_HOST_DEVICE inline std::uint32_t side(std::int64_t extent, float low, float high,
                                            std::uint32_t word) {
  const auto pixels = [extent](float fraction) {
    const std::int64_t whole = std::int64_t(fraction * float(extent));
    return whole < 1 ? 1 : whole > extent ? extent : whole;
  };
  const std::int64_t least = pixels(low), most = pixels(high);
  return std::uint32_t(least) + below(std::uint32_t(most < least ? 1 : most - least + 1), word);
}

DAGAN_HOST_DEVICE inline int rectangle_count(const CorruptGeometry& g, std::uint32_t step,
                                             std::int64_t image) {
  return int(below(std::uint32_t(g.rectangles + 1), draw(g.seed, step, image, Draw::count, 0)[0]));
}

// Rectangle `number` of image `image` of a batch of shape x.
DAGAN_HOST_DEVICE inline Damage rectangle(const CorruptGeometry& g, std::uint32_t step, Shape x,
                                          std::int64_t image, int number) {
  const auto at = draw(g.seed, step, image, Draw::rectangle, 2 * number);
  const auto from = draw(g.seed, step, image, Draw::rectangle, 2 * number + 1);
  Damage d = {};
  d.height = side(x.h, g.side_min, g.side_max, at[0]);
  d.width = side(x.w, g.side_min, g.side_max, at[1]);
  const auto rows = std::uint32_t(x.h - d.height + 1), columns = std::uint32_t(x.w - d.width + 1);
  d.top = below(rows, at[2]);
  d.left = below(columns, at[3]);
  d.paste = from[0] & 1;
  d.donor = x.n == 1 ? image : (image + 1 + below(std::uint32_t(x.n - 1), from[0])) % x.n;
  d.donor_top = below(rows, from[1]);
  d.donor_left = below(columns, from[2]);
  d.brightness = std::fma(2.0f * uniform(from[3]), g.brightness, -g.brightness);
  return d;
}

// How one image is flipped and shifted.
struct Pose {
  bool flip_horizontal, flip_vertical;
  int down, right;  // pixels
};

DAGAN_HOST_DEVICE inline Pose pose(const AugmentGeometry& g, std::uint32_t step,
                                   std::int64_t image) {
  const auto words = draw(g.seed, step, image, Draw::augment, 0);
  const auto range = std::uint32_t(2 * g.shift + 1);
  return {g.flip_horizontal && (words[0] >> 31), g.flip_vertical && (words[1] >> 31),
          int(below(range, words[2])) - g.shift, int(below(range, words[3])) - g.shift};
}

// The source of target pixel i along one axis: pixel i - shift, reflected at the borders without
// repeating the edge, of the (flipped) image.
template <class Int>
DAGAN_HOST_DEVICE inline Int source_pixel(Int i, Int extent, int shift, bool flip) {
  const Int period = extent > 1 ? 2 * (extent - 1) : 1;
  Int j = ((i - shift) % period + period) % period;
  if (j >= extent) j = period - j;
  return flip ? extent - 1 - j : j;
}

}  // namespace dagan
