// A buffer whose surroundings are watched.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/view.h"

namespace dagan::cases {

// The memory of one tensor: its elements somewhere inside a larger block. Every byte of the block
// that is no element is 0xff (a NaN in f32), so that a read of it shows in the results, and a write
// in `intact`.
class Guarded {
 public:
  // Contiguous and aligned to 64 bytes, as a plan places it.
  explicit Guarded(Shape, DType = DType::f32);
  // A slice of a tensor that is `left` + `right` channels wider; a single pixel only moves by
  // `left`.
  Guarded(Shape, DType, std::int64_t left, std::int64_t right);

  Guarded(Guarded&&) = default;  // the view points into the block: it moves, but is not copied

  const View& view() const { return view_; }
  void set(const std::vector<double>& values);  // rounded to the dtype
  std::vector<double> get() const;

  void seal();                       // remembers every byte
  bool intact() const;               // no byte has changed since
  bool surroundings_intact() const;  // none outside the elements

 private:
  std::byte* pixel(std::int64_t i) const;

  std::vector<std::byte> block_, sealed_;
  View view_;
};

}  // namespace dagan::cases
