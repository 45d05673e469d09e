// Shapes for element-wise ops and for sums over pixels: odd sizes around the lengths of vectors and
// of blocks.
#pragma once
#include <vector>

#include "core/view.h"

namespace dagan::cases {

// Small enough for a complex step through every one.
inline std::vector<Shape> small_shapes() {
  std::vector<Shape> shapes;
  for (std::int64_t c : {1, 3, 4, 7, 17, 33})
    for (const Shape& s :
         {Shape{2, 3, 1, c}, Shape{1, 1, 7, c}, Shape{3, 2, 5, c}, Shape{1, 9, 9, c}})
      shapes.push_back(s);
  return shapes;
}

// Those, and some of more than one block.
inline std::vector<Shape> kernel_shapes() {
  std::vector<Shape> shapes = small_shapes();
  for (std::int64_t c : {1, 2, 3, 5, 15, 16})
    for (const Shape& s : {Shape{1, 1, 2, c}, Shape{2, 17, 19, c}, Shape{1, 16, 16, c}})
      shapes.push_back(s);
  for (std::int64_t c : {31, 64, 130})
    for (const Shape& s : {Shape{1, 1, 2, c}, Shape{2, 8, 17, c}}) shapes.push_back(s);
  return shapes;
}

}  // namespace dagan::cases
