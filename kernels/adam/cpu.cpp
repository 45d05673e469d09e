#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/adam/cpu.cpp"
#include "kernels/simd.h"
// After simd.h: it chooses the targets.
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// Compiled for each target, like this file.
#include "kernels/rows-inl.h"
// Compiled once.
#include <atomic>

#include "core/bf16.h"
#include "kernels/adam/adam.h"
#include "kernels/adam/factors.h"

HWY_BEFORE_NAMESPACE();
namespace dagan::cpu::HWY_NAMESPACE {
namespace {

bool all_finite(View x) {
  const Rows<1> rows({x});
  std::atomic<bool> finite = true;  // only ever cleared, so the order of the blocks is of no matter
  parallel_for(rows.blocks(), [&](std::int64_t block) HWY_ATTR {
    // x * 0 is 0 where x is finite and NaN where it is not, and NaN stays in the sum.
    if (sum_block(rows, block, [](auto d, const auto& row, std::int64_t i) HWY_ATTR {
          return hn::Mul(hn::LoadU(d, row[0] + i), hn::Zero(d));
        }) != 0)
      finite.store(false, std::memory_order_relaxed);
  });
  return finite;
}

template <class D>
HWY_INLINE V<D> mix(D d, float a, const float* x, float b, V<D> y) {
  return hn::MulAdd(hn::Set(d, a), hn::LoadU(d, x), hn::Mul(hn::Set(d, b), y));
}

template <class D>
HWY_INLINE V<D> step(D d, AdamFactors f, const float* dp, float* p, float* m, float* v) {
  const auto gradient = hn::LoadU(d, dp);
  const auto first = mix(d, f.beta1, m, f.one_minus_beta1, gradient);
  const auto second = mix(d, f.beta2, v, f.one_minus_beta2, hn::Mul(gradient, gradient));
  const auto size = hn::MulAdd(hn::Sqrt(second), hn::Set(d, f.root_scale), hn::Set(d, f.epsilon));
  const auto change = hn::Div(hn::Mul(first, hn::Set(d, f.rate)), size);
  const auto parameter = hn::Sub(hn::LoadU(d, p), change);
  hn::StoreU(first, d, m);
  hn::StoreU(second, d, v);
  hn::StoreU(parameter, d, p);
  return parameter;
}

void adam(AdamFactors f, View dp, View p, View m, View v, View average) {
  if (average)
    for_each_vector<5>(
        {dp, p, m, v, average}, [=](auto d, const auto& row, std::int64_t i) HWY_ATTR {
          const auto parameter = step(d, f, row[0] + i, row[1] + i, row[2] + i, row[3] + i);
          hn::StoreU(mix(d, f.decay, row[4] + i, f.one_minus_decay, parameter), d, row[4] + i);
        });
  else
    for_each_vector<4>({dp, p, m, v}, [=](auto d, const auto& row, std::int64_t i) HWY_ATTR {
      step(d, f, row[0] + i, row[1] + i, row[2] + i, row[3] + i);
    });
}

}  // namespace
}  // namespace dagan::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dagan::cpu {

HWY_EXPORT(all_finite);
HWY_EXPORT(adam);

void all_finite(const Launch&, View x, View finite) {
  *finite.as<std::uint32_t>() = HWY_DYNAMIC_DISPATCH(all_finite)(x) ? 1 : 0;
}

void adam(const Launch&, AdamHyper hyper, View dp, View step, View learning_rate, View finite,
          View p, View m, View v, View average, View shadow) {
  if (finite && *finite.as<std::uint32_t>() == 0) return;
  HWY_DYNAMIC_DISPATCH(adam)
  (adam_factors(hyper, *step.as<std::uint32_t>(), *learning_rate.as<float>()), dp, p, m, v,
   average);
  if (!shadow) return;
  const Blocks blocks = element_blocks(p.shape);
  parallel_for(blocks.count(), [&](std::int64_t block) {
    for (std::int64_t i = blocks.begin(block); i < blocks.end(block); ++i)
      shadow.as<bf16>()[i] = bf16(p.as<float>()[i]);
  });
}

}  // namespace dagan::cpu
#endif
