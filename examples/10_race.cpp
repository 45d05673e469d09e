// A data race, found without a GPU and without luck: a sum over a block whose barrier is missing.
//
// The emulator runs one order of the threads at a time, and in some of them the sum comes out right
// all the same. The race check does not wait for a wrong result: it sees two accesses that nothing
// orders. For that this file is compiled so that every access is reported (cmake/examples.cmake).
#include <iostream>
#include <numeric>
#include <vector>

#include "kernels/device/gpu.h"
#include "kernels/emulator/race_check.h"
#include "kernels/emulator/schedule.h"

using namespace dagan;

template <bool kBarrier>
GPU_KERNEL(64, 32)
block_sum_kernel(const float* x, float* sum) {
  GPU_SHARED(float, s_part, [64]);
  s_part[threadIdx.x] = x[threadIdx.x];
  for (unsigned half = 32; half > 0; half /= 2) {
    if (kBarrier) __syncthreads();  // what the other half wrote is read next
    if (threadIdx.x < half) s_part[threadIdx.x] += s_part[threadIdx.x + half];
  }
  if (threadIdx.x == 0) *sum = s_part[0];
}

template <class Kernel>
void examine(const char* name, Kernel kernel) {
  std::vector<float> x(64);
  std::iota(x.begin(), x.end(), 1.0f);  // 1 + 2 + ... + 64 = 2080
  int right = 0;
  for (const auto order : {emulator::Order::sequential, emulator::Order::reverse}) {
    emulator::schedule() = {.order = order};
    float sum = 0;
    gpu::launch({}, {.threads = {64}}, kernel, x.data(), &sum);
    right += sum == 2080;
  }
  emulator::schedule() = {};
  emulator::RaceCheck races;
  float sum = 0;
  {
    const emulator::Watch watch(races);
    gpu::launch({}, {.threads = {64}}, kernel, x.data(), &sum);
  }
  std::cout << name << ": right in " << right << " of 2 orders, "
            << (races.count() ? races.reports().front() : "no race") << '\n';
}

int main() {
  examine("with barriers", block_sum_kernel<true>);
  examine("without", block_sum_kernel<false>);
}

// It prints:
//   with barriers: right in 2 of 2 orders, no race
//   without: right in 1 of 2 orders, race on shared memory: write at ...10_race.cpp:... read at ...
