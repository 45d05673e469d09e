// What a kernel sees: where the numbers are, what they are and how they are laid out. No ownership.
#pragma once
#include <cstddef>
#include <cstdint>
#include <iosfwd>

namespace dagan {

enum class DType : std::uint8_t { f32, bf16, u8, u16, u32 };

constexpr std::int64_t size_of(DType type) {
  switch (type) {
    case DType::u8: return 1;
    case DType::bf16:
    case DType::u16: return 2;
    default: return 4;
  }
}

// Every tensor has the same four named extents, stored N slowest, C fastest (NHWC).
// Images (N,H,W,C); filters (K,R,S,C) as n=K h=R w=S c=C; vectors (1,1,1,C); scalars (1,1,1,1).
struct Shape {
  std::int64_t n = 1, h = 1, w = 1, c = 1;

  constexpr std::int64_t pixels() const { return n * h * w; }
  constexpr std::int64_t size() const { return n * h * w * c; }
  bool operator==(const Shape&) const = default;
};

std::ostream& operator<<(std::ostream&, const Shape&);  // (1,64,64,3)
std::ostream& operator<<(std::ostream&, DType);         // f32

// `pitch` counts elements from one pixel to the next. It equals shape.c, except where the view is a
// channel slice of a wider tensor: that is how a U-Net's concatenation copies nothing.
struct View {
  void* data = nullptr;
  Shape shape;
  DType dtype = DType::f32;
  std::int64_t pitch = 0;

  constexpr explicit operator bool() const {
    return data != nullptr;
  }  // optional arguments may be empty
  constexpr bool contiguous() const { return pitch == shape.c; }
  template <class T>
  T* as() const {
    return static_cast<T*>(data);
  }
};

template <class T>
View view_of(T* data, Shape shape, DType dtype = DType::f32) {
  return {const_cast<void*>(static_cast<const void*>(data)), shape, dtype, shape.c};
}

// Whether a kernel sets its output or adds to it: a value that is used twice receives two
// gradients.
enum class Write : std::uint8_t { overwrite, accumulate };

// Where a kernel runs, the scratch memory that it asked the plan for, and memory that only this op
// of this program uses and that keeps what it holds from run to run.
struct Launch {
  void* stream = nullptr;  // a cudaStream_t; null on the CPU
  std::byte* scratch = nullptr;
  std::byte* kept = nullptr;
};

}  // namespace dagan
