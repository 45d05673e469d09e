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

// Calls f with the Elements of each view.
template <class F, class... Views>
void with_elements(F f, View first, Views... rest) {
  const auto call = [&](auto elements) {
    if constexpr (sizeof...(rest) == 0)
      f(elements);
    else
      with_elements([&](auto... others) { f(elements, others...); }, rest...);
  };
  if (first.dtype == DType::bf16)
    call(Elements<bf16>{first.as<bf16>(), first.pitch});
  else
    call(Elements<float>{first.as<float>(), first.pitch});
}

}  // namespace dagan
