// What a CPU kernel's operands are stored as: f32 or bf16.
#pragma once
#include <cstdint>

#include "core/bf16.h"
#include "core/view.h"

namespace dagan {

// A view whose elements have a type.
template <class T>
struct Elements {
  T* data;
  std::int64_t pitch;

  T* at(std::int64_t pixel, std::int64_t channel = 0) const {
    return data + pixel * pitch + channel;
  }
};

// Calls f with the Elements of each view; they are all stored alike.
template <class F, class... Views>
void with_elements(F f, View first, Views... rest) {
  if (first.dtype == DType::bf16)
    f(Elements<bf16>{first.as<bf16>(), first.pitch},
      Elements<bf16>{rest.template as<bf16>(), rest.pitch}...);
  else
    f(Elements<float>{first.as<float>(), first.pitch},
      Elements<float>{rest.template as<float>(), rest.pitch}...);
}

}  // namespace dagan
