#include "tests/cases/guarded.h"

#include <cstring>

#include "core/check.h"

namespace dagan::cases {
namespace {

constexpr std::int64_t kGuard = 256;  // bytes on each side
constexpr std::int64_t kAlignment = 64;

template <class T>
void store(std::byte* to, double value) {
  const T converted = static_cast<T>(value);
  std::memcpy(to, &converted, sizeof converted);
}

template <class T>
double load(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return static_cast<double>(value);
}

}  // namespace

Guarded::Guarded(Shape shape, DType dtype) : Guarded(shape, dtype, 0, 0) {}

Guarded::Guarded(Shape shape, DType dtype, std::int64_t left, std::int64_t right) {
  check(dtype != DType::bf16, "[guarded] no conversion for ", dtype);
  const std::int64_t pitch = shape.pixels() == 1 ? shape.c : shape.c + left + right;
  const std::int64_t extent = left + shape.pixels() * pitch + right;
  block_.assign(std::size_t(2 * kGuard + kAlignment + extent * size_of(dtype)), std::byte(0xff));
  const auto address = reinterpret_cast<std::uintptr_t>(block_.data()) + kGuard;
  const auto aligned = (address + kAlignment - 1) / kAlignment * kAlignment;
  std::byte* base = block_.data() + kGuard + (aligned - address);
  view_ = {base + left * size_of(dtype), shape, dtype, pitch};
}

std::byte* Guarded::element(std::int64_t i) const {
  const std::int64_t pixel = i / view_.shape.c, channel = i % view_.shape.c;
  return view_.as<std::byte>() + (pixel * view_.pitch + channel) * size_of(view_.dtype);
}

void Guarded::set(const std::vector<double>& values) {
  for (std::int64_t i = 0; i < view_.shape.size(); ++i) {
    const double value = values[std::size_t(i)];
    switch (view_.dtype) {
      case DType::u8: store<std::uint8_t>(element(i), value); break;
      case DType::u16: store<std::uint16_t>(element(i), value); break;
      case DType::u32: store<std::uint32_t>(element(i), value); break;
      default: store<float>(element(i), value);
    }
  }
}

std::vector<double> Guarded::get() const {
  std::vector<double> values(std::size_t(view_.shape.size()));
  for (std::int64_t i = 0; i < view_.shape.size(); ++i) {
    double& value = values[std::size_t(i)];
    switch (view_.dtype) {
      case DType::u8: value = load<std::uint8_t>(element(i)); break;
      case DType::u16: value = load<std::uint16_t>(element(i)); break;
      case DType::u32: value = load<std::uint32_t>(element(i)); break;
      default: value = load<float>(element(i));
    }
  }
  return values;
}

void Guarded::seal() { sealed_ = block_; }

bool Guarded::intact() const { return block_ == sealed_; }

bool Guarded::surroundings_intact() const {
  std::vector<std::byte> restored = block_;
  for (std::int64_t i = 0; i < view_.shape.size(); ++i) {
    const std::ptrdiff_t at = element(i) - block_.data();
    std::memcpy(&restored[std::size_t(at)], &sealed_[std::size_t(at)],
                std::size_t(size_of(view_.dtype)));
  }
  return restored == sealed_;
}

}  // namespace dagan::cases
