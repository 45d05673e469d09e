// The kernels as processors with fewer instructions run them: AVX2 where there is AVX-512, and none
// that work on vectors.
#pragma once
#include <hwy/targets.h>

#include <cstdint>

namespace dagan::testing {

template <class Work>
void on_older_processors([[maybe_unused]] const Work& work) {
#if defined(__x86_64__)
  constexpr std::int64_t kOlder[] = {HWY_AVX2, HWY_SCALAR | HWY_EMU128};
  for (const std::int64_t targets : kOlder) {
    if ((targets & HWY_AVX2) && !(hwy::SupportedTargets() & HWY_AVX2)) continue;
    hwy::SetSupportedTargetsForTest(targets);
    work();
    hwy::SetSupportedTargetsForTest(0);
  }
#endif
}

}  // namespace dagan::testing
