// The one place where CPU kernels widen what is stored in bf16 to vectors of f32, and round to it.
#if defined(DAGAN_KERNELS_STORED_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef DAGAN_KERNELS_STORED_INL_H
#undef DAGAN_KERNELS_STORED_INL_H
#else
#define DAGAN_KERNELS_STORED_INL_H
#endif

#include <hwy/highway.h>

#include <cstdint>

#include "core/bf16.h"

HWY_BEFORE_NAMESPACE();
namespace dagan::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

template <class D>
HWY_INLINE hn::Vec<D> load(D d, const float* from) {
  return hn::LoadU(d, from);
}

template <class D>
HWY_INLINE hn::Vec<D> load(D d, const bf16* from) {
  const hn::Rebind<std::uint16_t, D> halves;
  const hn::RebindToUnsigned<D> words;
  const auto bits = hn::LoadU(halves, reinterpret_cast<const std::uint16_t*>(from));
  return hn::BitCast(d, hn::ShiftLeft<16>(hn::PromoteTo(words, bits)));
}

template <class D>
HWY_INLINE void store(hn::Vec<D> value, D d, float* to) {
  hn::StoreU(value, d, to);
}

// As bf16(float), for every bit pattern. Not the processor's own conversion: it takes denormal
// numbers for 0.
template <class D>
HWY_INLINE void store(hn::Vec<D> value, [[maybe_unused]] D d, bf16* to) {
  const hn::Rebind<std::uint16_t, D> halves;
  const hn::RebindToUnsigned<D> words;
  const auto bits = hn::BitCast(words, value);
  const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(words, 1));
  const auto rounded = hn::Add(bits, hn::Add(odd, hn::Set(words, 0x7fff)));
  const auto quiet = hn::Or(bits, hn::Set(words, 0x400000));
  const auto result = hn::IfThenElse(hn::RebindMask(words, hn::IsNaN(value)), quiet, rounded);
  hn::StoreU(hn::TruncateTo(halves, hn::ShiftRight<16>(result)), halves,
             reinterpret_cast<std::uint16_t*>(to));
}

// to[i] = from[i]; touches nothing behind them.
template <class D, class From, class To>
HWY_INLINE void copy_elements(D d, const From* from, To* to, std::int64_t count) {
  const std::int64_t lanes = std::int64_t(hn::Lanes(d));
  std::int64_t i = 0;
  for (; i + lanes <= count; i += lanes) store(load(d, from + i), d, to + i);
  if constexpr (hn::MaxLanes(d) > 1)
    if (i < count) copy_elements(hn::Half<D>(), from + i, to + i, count - i);
}

}  // namespace dagan::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
