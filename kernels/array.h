// How a reference kernel sees a tensor: four-index access, any scalar type, NHWC, contiguous.
#pragma once
#include "core/view.h"

namespace dagan {

template <class T>
struct Array {
  T* data = nullptr;
  Shape shape;

  T& operator()(std::int64_t n, std::int64_t h, std::int64_t w, std::int64_t c) const {
    return data[((n * shape.h + h) * shape.w + w) * shape.c + c];
  }
  T& operator[](std::int64_t i) const { return data[i]; }
  std::int64_t size() const { return shape.size(); }
  explicit operator bool() const { return data != nullptr; }
};

}  // namespace dagan
