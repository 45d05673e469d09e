// Which instruction sets a kernel is compiled for. Include before <hwy/foreach_target.h>: Highway
// compiles the file once for each and chooses at run time. Fewer targets than its default: each
// costs build time, and SVE's vectors, whose size no compiler knows, cannot be kept in arrays.
#pragma once
#include <hwy/detect_targets.h>

#if defined(__x86_64__)
#undef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS (~(HWY_AVX3 | HWY_AVX2 | HWY_BASELINE_TARGETS))
#elif defined(__aarch64__)
#undef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS (~(HWY_NEON | HWY_BASELINE_NEON))
#endif
