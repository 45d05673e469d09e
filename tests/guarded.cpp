#include "tests/cases/guarded.h"

#include <cstring>
#include <type_traits>

#include "core/bf16.h"

namespace dagan::cases {
namespace {

constexpr std::int64_t kGuard = 256;  // bytes on each side
constexpr std::int64_t kAlignment = 64;

// To the nearest number of type T.
template <class T>
T rounded(double value) {
  if constexpr (std::is_same_v<T, bf16>) {
    return bf16(float(value));
  } else {
    return static_cast<T>(value);
  }
}

template <class T>
double number(T value) {
  if constexpr (std::is_same_v<T, bf16>) {
    return double(float(value));
  } else {
    return double(value);
  }
}

// Calls f with a zero of the dtype's C++ type.
template <class F>
void with_type(DType dtype, F f) {
  switch (dtype) {
    case DType::u8: return f(std::uint8_t());
    case DType::u16: return f(std::uint16_t());
    case DType::u32: return f(std::uint32_t());
    case DType::bf16: return f(bf16());
    default: return f(float());
  }
}

}  // namespace

Guarded::Guarded(Shape shape, DType dtype) : Guarded(shape, dtype, 0, 0) {}

Guarded::Guarded(Shape shape, DType dtype, std::int64_t left, std::int64_t right) {
  const std::int64_t pitch = shape.pixels() == 1 ? shape.c : shape.c + left + right;
  const std::int64_t extent = left + shape.pixels() * pitch + right;
  block_.assign(std::size_t(2 * kGuard + kAlignment + extent * size_of(dtype)), std::byte(0xff));
  const auto address = reinterpret_cast<std::uintptr_t>(block_.data()) + kGuard;
  const auto aligned = (address + kAlignment - 1) / kAlignment * kAlignment;
  std::byte* base = block_.data() + kGuard + (aligned - address);
  view_ = {base + left * size_of(dtype), shape, dtype, pitch};
}

std::byte* Guarded::pixel(std::int64_t i) const {
  return view_.as<std::byte>() + i * view_.pitch * size_of(view_.dtype);
}

void Guarded::set(const std::vector<double>& values) {
  with_type(view_.dtype, [&]<class T>(T) {
    const double* from = values.data();
    for (std::int64_t i = 0; i < view_.shape.pixels(); ++i)
      for (std::int64_t c = 0; c < view_.shape.c; ++c)
        reinterpret_cast<T*>(pixel(i))[c] = rounded<T>(*from++);
  });
}

std::vector<double> Guarded::get() const {
  std::vector<double> values(std::size_t(view_.shape.size()));
  with_type(view_.dtype, [&]<class T>(T) {
    double* to = values.data();
    for (std::int64_t i = 0; i < view_.shape.pixels(); ++i)
      for (std::int64_t c = 0; c < view_.shape.c; ++c)
        *to++ = number(reinterpret_cast<const T*>(pixel(i))[c]);
  });
  return values;
}

void Guarded::seal() { sealed_ = block_; }

bool Guarded::intact() const { return block_ == sealed_; }

bool Guarded::surroundings_intact() const {
  std::vector<std::byte> restored = block_;
  const std::int64_t bytes = view_.shape.c * size_of(view_.dtype);
  for (std::int64_t i = 0; i < view_.shape.pixels(); ++i) {
    const std::ptrdiff_t at = pixel(i) - block_.data();
    std::memcpy(restored.data() + at, sealed_.data() + at, std::size_t(bytes));
  }
  return restored == sealed_;
}

}  // namespace dagan::cases
