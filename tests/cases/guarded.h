// A buffer whose surroundings are watched.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/backend.h"
#include "core/view.h"

namespace dagan::cases {

// The memory of one tensor: its elements somewhere inside a larger block. Every byte of the block
// that is no element is 0xff (a NaN in f32), so that a read of it shows in the results, and a write
// in `intact`. For a device with memory of its own there is a second block of the same bytes.
class Guarded {
 public:
  // Contiguous and aligned to 64 bytes, as a plan places it.
  explicit Guarded(Shape, DType = DType::f32);
  // A slice of a tensor that is `left` + `right` channels wider; a single pixel only moves by
  // `left`.
  Guarded(Shape, DType, std::int64_t left, std::int64_t right);

  Guarded(Guarded&&) = default;  // the view points into the block: it moves, but is not copied

  // Copies the block to the device, which kernels see from then on; `fetch` copies it back.
  void send(const Runtime&);
  void fetch();

  const View& view() const { return seen_; }    // for kernels
  void set(const std::vector<double>& values);  // rounded to the dtype
  std::vector<double> get() const;

  void seal();                       // remembers every byte
  bool intact() const;               // no byte has changed since
  bool surroundings_intact() const;  // none outside the elements

 private:
  struct alignas(64) Line {
    std::byte bytes[64];
    bool operator==(const Line&) const = default;
  };

  std::byte* pixel(std::int64_t i) const;
  std::size_t bytes() const { return block_.size() * sizeof(Line); }

  std::vector<Line> block_, sealed_;
  View view_, seen_;  // in host memory; where kernels run
  std::unique_ptr<void, void (*)(void*)> device_ = {nullptr, nullptr};
  void (*copy_)(void* to, const void* from, std::size_t bytes) = nullptr;
};

}  // namespace dagan::cases
