// What happens to a batch of good images before the generator sees it. Every random number is a
// function of (seed, step, image, draw), laid out in draws.h: nothing to save, the same bits for
// any number of threads and on every device.
//
//   augment   a random flip and shift of each image: harmless variation, for input and target
//             flips: each allowed direction with probability 1/2
//             shift: an integer in [-shift, shift] in each direction; borders are reflected without
//             repeating the edge (pixel -1 is pixel 1)
//   corrupt   damage that the generator must undo, for the input only
//             rectangles: 0 to `rectangles` of them (uniform), sides in
//             [max(1, floor(H * side_min)), max(1, floor(H * side_max))], anywhere inside;
//             each is, with probability 1/2, a copy of an equally large rectangle anywhere in
//             another image of the batch (the original x, never one already damaged; with one
//             image, itself), else the original with its brightness shifted by a uniform number in
//             [-brightness, brightness), then clamped to [-1,1]; a later one covers an earlier
//             noise: then a normal number of standard deviation `noise` is added to every element
//
// shapes    x, y (N,H,W,C) f32, contiguous; step u32 scalar
// cost      corrupt: 2 elements moved and about 60 integer and 40 f32 operations for each element
// aliasing  none (images read each other)
#pragma once
#include "core/view.h"
#include "kernels/namespace.h"

namespace dagan {

struct AugmentGeometry {
  std::uint64_t seed = 0;
  bool flip_horizontal = false, flip_vertical = false;
  int shift = 0;  // pixels
};

struct CorruptGeometry {
  std::uint64_t seed = 0;
  int rectangles = 3;
  float side_min = 1.0f / 16, side_max = 1.0f / 4;  // fractions of H and of W
  float brightness = 0.8f;                          // of the range [-1,1]
  float noise = 0.1f;
};

using AugmentFn = void(const Launch&, AugmentGeometry, View step, View x, View y);
using CorruptFn = void(const Launch&, CorruptGeometry, View step, View x, View y);

namespace DAGAN_BACKEND {
AugmentFn augment;
CorruptFn corrupt;
}  // namespace DAGAN_BACKEND

}  // namespace dagan
