// A view as a reference sees it: contiguous, in f32. A copy, so that a reference can stand in a
// table of kernels; it allocates, which no other kernel does.
#pragma once
#include <vector>

#include "kernels/array.h"
#include "kernels/stored.h"

namespace dagan {

class Dense {
 public:
  explicit Dense(View view) : view_(view), values_(view ? std::size_t(view.shape.size()) : 0) {
    if (view) visit([](auto& stored, float& value) { value = float(stored); });
  }

  Array<float> array() { return {view_ ? values_.data() : nullptr, view_.shape}; }

  // Writes the array to the view's memory.
  void store() {
    visit([](auto& stored, float& value) {
      stored = std::remove_reference_t<decltype(stored)>(value);
    });
  }

 private:
  // f(element of the view, element of the array)
  template <class F>
  void visit(F f) {
    with_elements(
        [&](auto elements) {
          for (std::int64_t i = 0; i < view_.shape.size(); ++i)
            f(*elements.at(i / view_.shape.c, i % view_.shape.c), values_[std::size_t(i)]);
        },
        view_);
  }

  View view_;
  std::vector<float> values_;
};

}  // namespace dagan
