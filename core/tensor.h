// A tensor is a light handle: which tape, which value on it. Copying one copies nothing else.
#pragma once
#include <string>

#include "core/view.h"

namespace dagan {

class Tape;

struct Tensor {
  Tape* tape = nullptr;
  int id = -1;

  // Copies: what the tape holds moves when it grows.
  Shape shape() const;
  DType dtype() const;
  std::string name() const;
  explicit operator bool() const { return tape != nullptr; }
  bool operator==(const Tensor&) const = default;
};

// "enc1.y (1,64,64,3)": how error messages speak of a tensor.
std::ostream& operator<<(std::ostream&, const Tensor&);

}  // namespace dagan
