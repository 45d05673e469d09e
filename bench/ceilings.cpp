#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "bench/ceilings.cpp"
#include "kernels/simd.h"
// After simd.h: it chooses the targets.
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// Compiled once.
#include "bench/ceilings.h"

HWY_BEFORE_NAMESPACE();
namespace dagan::bench::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Enough independent sums to hide the latency of an addition (4 cycles, 2 a cycle), few enough for
// the 16 registers of AVX2. Returns the operations done.
double multiply_add(std::int64_t rounds, float* sink) {
  const hn::ScalableTag<float> d;
  const auto x = hn::Set(d, *sink);
  // Different starts: equal sums would become one.
  auto a = hn::Set(d, 0.1f), b = hn::Set(d, 0.2f), c = hn::Set(d, 0.3f), e = hn::Set(d, 0.4f),
       f = hn::Set(d, 0.6f), g = hn::Set(d, 0.7f), h = hn::Set(d, 0.8f), i = hn::Set(d, 0.9f),
       j = hn::Set(d, 1.1f), k = hn::Set(d, 1.2f);
  for (std::int64_t round = 0; round < rounds; ++round) {
    a = hn::MulAdd(a, x, x), b = hn::MulAdd(b, x, x), c = hn::MulAdd(c, x, x);
    e = hn::MulAdd(e, x, x), f = hn::MulAdd(f, x, x), g = hn::MulAdd(g, x, x);
    h = hn::MulAdd(h, x, x), i = hn::MulAdd(i, x, x), j = hn::MulAdd(j, x, x);
    k = hn::MulAdd(k, x, x);
  }
  const auto sum = hn::Add(hn::Add(hn::Add(a, b), hn::Add(c, e)),
                           hn::Add(hn::Add(f, g), hn::Add(hn::Add(h, i), hn::Add(j, k))));
  *sink = hn::GetLane(hn::SumOfLanes(d, sum));
  return 2.0 * 10 * double(rounds) * double(hn::Lanes(d));
}

// The rest of `count` that fills no group of four vectors is left alone.
void update(float* data, std::size_t count) {
  const hn::ScalableTag<float> d;
  const auto factor = hn::Set(d, 1.0000001f);
  const std::size_t lanes = hn::Lanes(d);
  for (std::size_t i = 0; i + 4 * lanes <= count; i += 4 * lanes)
    for (std::size_t v = 0; v < 4; ++v) {
      float* at = data + i + v * lanes;
      hn::StoreU(hn::Mul(hn::LoadU(d, at), factor), d, at);
    }
}

float sum(const float* data, std::size_t count) {
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  auto a = hn::Zero(d), b = a, c = a, e = a;
  for (std::size_t i = 0; i + 4 * lanes <= count; i += 4 * lanes) {
    a = hn::Add(a, hn::LoadU(d, data + i));
    b = hn::Add(b, hn::LoadU(d, data + i + lanes));
    c = hn::Add(c, hn::LoadU(d, data + i + 2 * lanes));
    e = hn::Add(e, hn::LoadU(d, data + i + 3 * lanes));
  }
  return hn::GetLane(hn::SumOfLanes(d, hn::Add(hn::Add(a, b), hn::Add(c, e))));
}

}  // namespace dagan::bench::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <omp.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstring>
#include <map>
#include <vector>

namespace dagan::bench {
namespace {

HWY_EXPORT(multiply_add);
HWY_EXPORT(update);
HWY_EXPORT(sum);

// Short and many, and the best counts: what else runs here only takes away.
constexpr int kTries = 100;

// The most of `work`'s units a second, work being run by all threads at once.
template <class Work>
double best_rate(Work work) {
  double best = 0;
  for (int i = 0; i < kTries; ++i) {
    const auto start = std::chrono::steady_clock::now();
    double done = 0;
#pragma omp parallel reduction(+ : done)
    done += work();
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    best = std::max(best, done / seconds.count());
  }
  return best;
}

// The best of a copy, an update in place and a sum: which one wins depends on the cache.
double memory_rate(std::size_t bytes) {
  constexpr double kMoved = 8 << 20;  // by one thread in a try
  const std::size_t count =
      std::max<std::size_t>(bytes / sizeof(float) / std::size_t(omp_get_max_threads()), 64);
  const std::size_t half = count / 2;
  // Written here, so that every page exists.
  std::vector<std::vector<float>> buffers(std::size_t(omp_get_max_threads()),
                                          std::vector<float>(count, 1));
  // Of work(data), which moves `moved` bytes.
  const auto rate = [&](double moved, auto work) {
    const int rounds = int(std::max(1.0, kMoved / moved));
    return best_rate([&] {
      float* const data = buffers[std::size_t(omp_get_thread_num())].data();
      for (int i = 0; i < rounds; ++i) work(data);
      return moved * rounds;
    });
  };
  const double whole = double(count * sizeof(float));
  return std::max({rate(2 * double(half * sizeof(float)),
                        [=](float* data) { std::memcpy(data + half, data, half * sizeof(float)); }),
                   rate(2 * whole,
                        [=](float* data) {
                          HWY_DYNAMIC_DISPATCH(update)
                          (data, count);
                        }),
                   rate(whole, [=](float* data) {
                     volatile float kept = HWY_DYNAMIC_DISPATCH(sum)(data, count);
                     (void)kept;
                   })});
}

}  // namespace

double cpu_limits::flop_s() {
  static const double rate = best_rate([] {
    float sink = 0.5f;
    return HWY_DYNAMIC_DISPATCH(multiply_add)(400'000, &sink);
  });
  return rate;
}

double cpu_limits::bytes_s(double bytes) {
  static std::map<std::size_t, double> rates;
  const std::size_t size = std::bit_ceil(std::max<std::size_t>(std::size_t(bytes), 1 << 14));
  const auto [entry, missing] = rates.try_emplace(size, 0.0);
  if (missing) entry->second = memory_rate(size);
  return entry->second;
}

double peak_flop_s(const Backend& backend, Arithmetic arithmetic) {
  return backend.runtime.host_memory ? cpu_limits::flop_s()
                                     : gpu_limits::flop_s(backend, arithmetic);
}

double peak_bytes_s(const Backend& backend, double bytes) {
  return backend.runtime.host_memory ? cpu_limits::bytes_s(bytes) : gpu_limits::bytes_s(backend);
}

double least_seconds(const Backend& backend, Arithmetic arithmetic, double flop, double bytes) {
  return std::max(flop / peak_flop_s(backend, arithmetic), bytes / peak_bytes_s(backend, bytes));
}

}  // namespace dagan::bench
#endif
