#include "tests/cases/guarded.h"

#include <cstring>
#include <type_traits>

#include "core/bf16.h"

namespace dagan::cases {
namespace {

constexpr std::int64_t kGuard = 256;  // bytes on each side

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
  constexpr auto kLine = std::int64_t(sizeof(Line));
  block_.resize(std::size_t((2 * kGuard + extent * size_of(dtype) + kLine - 1) / kLine));
  std::memset(block_.data(), 0xff, bytes());
  view_ = {block_.data()->bytes + kGuard + left * size_of(dtype), shape, dtype, pitch};
  seen_ = view_;
}

void Guarded::send(const Runtime& runtime) {
  device_ = {runtime.allocate(bytes()), runtime.release};
  copy_ = runtime.copy;
  copy_(device_.get(), block_.data(), bytes());
  seen_.data =
      static_cast<std::byte*>(device_.get()) + (view_.as<std::byte>() - block_.data()->bytes);
}

void Guarded::fetch() {
  if (device_) copy_(block_.data(), device_.get(), bytes());
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
  std::vector<Line> restored = block_;
  const std::int64_t bytes = view_.shape.c * size_of(view_.dtype);
  for (std::int64_t i = 0; i < view_.shape.pixels(); ++i) {
    const std::ptrdiff_t at = pixel(i) - block_.data()->bytes;
    std::memcpy(restored.data()->bytes + at, sealed_.data()->bytes + at, std::size_t(bytes));
  }
  return restored == sealed_;
}

}  // namespace dagan::cases
