// Augmentation and damage on the GPU, executed by the emulator: the bits of the CPU kernels.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "core/random.h"
#include "kernels/backend.h"
#include "kernels/kernels.h"

namespace dagan {
namespace {

using Floats = std::vector<float>;

// The same bits, or both not a number.
bool same(const Floats& a, const Floats& b) {
  for (std::size_t i = 0; i < a.size(); ++i)
    if (std::memcmp(&a[i], &b[i], sizeof a[i]) != 0 && !(std::isnan(a[i]) && std::isnan(b[i])))
      return false;
  return true;
}

// One batch through both backends; every `special`-th element is `value`.
template <class Call>
bool equal_on(Shape shape, std::size_t special, float value, Call call) {
  Floats x(std::size_t(shape.size())), gpu(x.size()), cpu(x.size());
  for (std::size_t i = 0; i < x.size(); ++i)
    x[i] = i % special == 0 ? value : 2 * uniform(Philox{1}.words(0, i)[0]) - 1;
  const View view = view_of(x.data(), shape);
  call(*emulated_backend().kernels, view, view_of(gpu.data(), shape));
  call(*cpu_backend().kernels, view, view_of(cpu.data(), shape));
  return same(gpu, cpu);
}

TEST_CASE("corrupt gpu: the bits of the CPU kernels") {
  const Shape shapes[] = {{1, 1, 1, 1},  {2, 5, 7, 1},   {3, 9, 4, 3}, {1, 16, 16, 1},
                          {5, 8, 33, 2}, {2, 64, 72, 1}, {4, 3, 1, 3}, {4, 32, 32, 3}};
  for (const Shape& shape : shapes)
    for (std::uint32_t now : {0u, 1u, 2u, 77u, 4294967295u})
      for (const int count : {0, 3, 40})
        for (const float value : {-0.0f, std::nanf("")}) {
          const View step = view_of(&now, Shape{}, DType::u32);
          CHECK(equal_on(shape, 7, value, [&](const Kernels& k, View x, View y) {
            k.augment({}, {.seed = 3, .flip_horizontal = now % 2 == 0, .shift = count}, step, x, y);
          }));
          for (const float noise : {0.0f, 0.1f})
            CHECK(equal_on(shape, 7, value, [&](const Kernels& k, View x, View y) {
              k.corrupt({}, {.seed = 5 + now, .rectangles = count, .noise = noise}, step, x, y);
            }));
        }
}

}  // namespace
}  // namespace dagan
