#include <algorithm>
#include <chrono>
#include <map>
#include <memory>

#include "bench/ceilings.h"
#include "kernels/ceilings/ceilings.h"
#include "kernels/device/cuda_versions.h"

namespace dagan::bench {
namespace {

constexpr int kTries = 10;  // the best counts

// Seconds from starting `work` to its end.
template <class Work>
double seconds_of(const Runtime& runtime, Work work) {
  runtime.synchronise();
  const auto start = std::chrono::steady_clock::now();
  work();
  runtime.synchronise();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

class DeviceMemory {
 public:
  DeviceMemory(const Runtime& runtime, std::size_t bytes)
      : memory_(runtime.allocate(bytes), runtime.release) {}
  template <class T>
  T* as() const {
    return static_cast<T*>(memory_.get());
  }

 private:
  std::unique_ptr<void, void (*)(void*)> memory_;
};

double multiply_rate(const Backend& backend, CeilingFn* run, double flop_of_block) {
  constexpr int kBlocks = 132 * 16, kRounds = 4096;  // whole waves on an H100, about a millisecond
  const DeviceMemory sink(backend.runtime, sizeof(float) * kBlocks * kCeilingThreads);
  const Launch launch = {.stream = backend.runtime.stream};
  double best = 0;
  for (int i = 0; i < kTries; ++i) {
    const double seconds =
        seconds_of(backend.runtime, [&] { run(launch, kBlocks, kRounds, sink.as<float>()); });
    best = std::max(best, flop_of_block * kBlocks * kRounds / seconds);
  }
  return best;
}

}  // namespace

double gpu_limits::flop_s(const Backend& backend, Arithmetic arithmetic) {
  static std::map<Arithmetic, double> rates;
  const auto [entry, missing] = rates.try_emplace(arithmetic, 0.0);
  if (!missing) return entry->second;
  const Ceilings& c = *cuda_ceilings();
  switch (arithmetic) {
    case Arithmetic::tf32:
      return entry->second = multiply_rate(backend, c.products_tf32, c.products_tf32_flop);
    case Arithmetic::bf16:
      return entry->second = multiply_rate(backend, c.products_bf16, c.products_bf16_flop);
    default: return entry->second = multiply_rate(backend, c.multiply_add, c.multiply_add_flop);
  }
}

double gpu_limits::bytes_s(const Backend& backend) {
  static const double rate = [&] {
    constexpr std::size_t kBytes = std::size_t(512) << 20;  // far more than any cache
    const DeviceMemory from(backend.runtime, kBytes), to(backend.runtime, kBytes);
    double best = 0;
    for (int i = 0; i < kTries; ++i) {
      const double seconds = seconds_of(
          backend.runtime, [&] { backend.runtime.copy(to.as<void>(), from.as<void>(), kBytes); });
      best = std::max(best, 2.0 * kBytes / seconds);
    }
    return best;
  }();
  return rate;
}

}  // namespace dagan::bench
