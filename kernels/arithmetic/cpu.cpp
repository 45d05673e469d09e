#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/arithmetic/cpu.cpp"
#include "kernels/simd.h"
// After simd.h: it chooses the targets.
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// Compiled for each target, like this file.
#include "kernels/rows-inl.h"
// Compiled once.
#include <algorithm>

#include "kernels/arithmetic/arithmetic.h"
#include "kernels/stored.h"

HWY_BEFORE_NAMESPACE();
namespace dagan::cpu::HWY_NAMESPACE {
namespace {

void linear(LinearGeometry g, View a, View b, View y, Write write) {
  const auto scaled = [=](auto d, const float* from) HWY_ATTR {
    return hn::MulAdd(hn::LoadU(d, from), hn::Set(d, g.alpha), hn::Set(d, g.constant));
  };
  const auto of_one = [=](auto d, const auto& row, std::int64_t i)
                          HWY_ATTR { put(d, scaled(d, row[0] + i), row[1] + i, write); };
  const auto of_two = [=](auto d, const auto& row, std::int64_t i) HWY_ATTR {
    const auto sum = scaled(d, row[0] + i);
    put(d, hn::MulAdd(hn::LoadU(d, row[1] + i), hn::Set(d, g.beta), sum), row[2] + i, write);
  };
  if (b)
    for_each_vector<3>({a, b, y}, write, of_two);
  else
    for_each_vector<2>({a, y}, write, of_one);
}

void channel_sum(View x, float* partial) {
  const std::int64_t channels = x.shape.c;
  const Blocks blocks = pixel_blocks(x.shape.pixels(), channels);
  const auto all = [&](auto elements) HWY_ATTR {
    parallel_for(blocks.count(), [&](std::int64_t block) HWY_ATTR {
      const std::int64_t begin = blocks.begin(block), pitch = elements.pitch;
      const auto* from = elements.at(begin);
      sum_pixels<1>(blocks.end(block) - begin, channels, {partial + block * channels},
                    [=](auto d, std::int64_t pixel, std::int64_t c, auto& sum)
                        HWY_ATTR { sum[0] = hn::Add(sum[0], load(d, from + pixel * pitch + c)); });
    });
  };
  with_elements(all, x);
}

}  // namespace
}  // namespace dagan::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dagan::cpu {
namespace {

// A narrow contiguous tensor as fewer, wider pixels, so that vectors are full. The rest of the
// pixels, if their number is no multiple, is the caller's.
View widened(View x) {
  constexpr std::int64_t kLanes = 16;
  if (x.pitch != x.shape.c || x.shape.c >= kLanes || x.shape.pixels() < kLanes) return x;
  return view_of(x.data, {1, 1, x.shape.pixels() / kLanes, x.shape.c * kLanes}, x.dtype);
}

}  // namespace

HWY_EXPORT(linear);
HWY_EXPORT(channel_sum);

void linear(const Launch&, LinearGeometry geometry, View a, View b, View y, Write write) {
  HWY_DYNAMIC_DISPATCH(linear)(geometry, a, b, y, write);
}

std::int64_t channel_sum_scratch(Shape x) {
  const View wide = widened({nullptr, x, DType::f32, x.c});
  const auto bytes = [](Shape shape) {
    return pixel_blocks(shape.pixels(), shape.c).count() * shape.c * std::int64_t(sizeof(float));
  };
  return std::max(bytes(x), bytes(wide.shape));  // a slice is not widened
}

void channel_sum(const Launch& launch, View x, View y, Write write) {
  float* partial = reinterpret_cast<float*>(launch.scratch);
  const View wide = widened(x);
  HWY_DYNAMIC_DISPATCH(channel_sum)(wide, partial);
  const std::int64_t channels = x.shape.c;
  const std::int64_t blocks = pixel_blocks(wide.shape.pixels(), wide.shape.c).count();
  const std::int64_t summed = wide.shape.size() / channels;  // pixels; less than a wide one is left
  for_each_channel_group(channels, [&](std::int64_t begin, std::int64_t end) {
    double sums[kChannelGroup] = {};
    add_rows(partial, blocks * wide.shape.c / channels, channels, begin, end, sums);
    const auto add_rest = [&](auto elements) {
      add_rows(elements.at(summed), x.shape.pixels() - summed, channels, begin, end, sums);
    };
    if (summed < x.shape.pixels()) with_elements(add_rest, x);
    float* result = y.as<float>();
    for (std::int64_t c = begin; c < end; ++c) {
      const double before = write == Write::accumulate ? double(result[c]) : 0;
      result[c] = float(before + sums[c - begin]);
    }
  });
}

}  // namespace dagan::cpu
#endif
