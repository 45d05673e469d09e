#include "core/bf16.h"
#include "kernels/adam/adam.h"
#include "kernels/adam/factors.h"
#include "kernels/device/gpu.h"

namespace dagan::DAGAN_BACKEND {
namespace {

using gpu::Vec;

constexpr unsigned kThreads = 256;

// Calls f(first element) for whole groups of V elements and g(element) for the rest, each once in
// the whole grid.
template <int V, class F, class G>
GPU_DEVICE void for_each_group(unsigned size, F f, G g) {
  const unsigned step = gridDim.x * blockDim.x, first = blockIdx.x * blockDim.x + threadIdx.x;
  for (unsigned i = first; i < size / V; i += step) f(i * V);
  for (unsigned i = size / V * V + first; i < size; i += step) g(i);
}

gpu::Grid grid_of(std::int64_t size, int vector) {
  constexpr std::int64_t kMostBlocks = 2048;
  const std::int64_t blocks = (size / vector + kThreads - 1) / kThreads;
  return {.blocks = {blocks < 1             ? 1
                     : blocks < kMostBlocks ? blocks
                                            : kMostBlocks},
          .threads = {kThreads}};
}

bool aligned(const View& view) {
  return reinterpret_cast<std::uintptr_t>(view.data) % std::uintptr_t(4 * size_of(view.dtype)) == 0;
}

GPU_KERNEL(32, 8) set_kernel(std::uint32_t* g_flag) { *g_flag = 1; }

template <int V>
GPU_DEVICE bool finite_at(const float* g_x) {
  // x * 0 is 0 where x is finite and NaN where it is not, and NaN stays in the sum.
  const Vec<float, V> r = gpu::load<float, V>(g_x);
  float sum = 0;
  for (int i = 0; i < V; ++i) sum += r[i] * 0.0f;
  return sum == 0;
}

// Only ever clears the flag, so the order of the blocks is of no matter.
template <int V>
GPU_KERNEL(kThreads, 16)
all_finite_kernel(const float* g_x, unsigned size, std::uint32_t* g_finite) {
  int bad = 0;
  for_each_group<V>(
      size, [&](unsigned i) { bad |= !finite_at<V>(g_x + i); },
      [&](unsigned i) { bad |= !finite_at<1>(g_x + i); });
  bad = __syncthreads_or(bad);
  if (bad && threadIdx.x == 0) atomicMin(g_finite, 0u);
}

struct Buffers {
  const float* g_dp;
  float *g_p, *g_m, *g_v, *g_average;  // the average and the shadow may be null
  bf16* g_shadow;
};

template <int V>
GPU_DEVICE void update(const AdamFactors& f, const Buffers& b, unsigned i) {
  const Vec<float, V> r_dp = gpu::load<float, V>(b.g_dp + i);
  Vec<float, V> r_m = gpu::load<float, V>(b.g_m + i), r_v = gpu::load<float, V>(b.g_v + i);
  Vec<float, V> r_p = gpu::load<float, V>(b.g_p + i), r_average = {};
  if (b.g_average) r_average = gpu::load<float, V>(b.g_average + i);
  Vec<bf16, V> r_shadow;
  for (int k = 0; k < V; ++k) {
    r_m[k] = fmaf(f.beta1, r_m[k], f.one_minus_beta1 * r_dp[k]);
    r_v[k] = fmaf(f.beta2, r_v[k], f.one_minus_beta2 * (r_dp[k] * r_dp[k]));
    const float size = fmaf(sqrtf(r_v[k]), f.root_scale, f.epsilon);
    r_p[k] -= r_m[k] * f.rate / size;
    r_average[k] = fmaf(f.decay, r_average[k], f.one_minus_decay * r_p[k]);
    r_shadow[k] = bf16(r_p[k]);
  }
  gpu::store(b.g_m + i, r_m);
  gpu::store(b.g_v + i, r_v);
  gpu::store(b.g_p + i, r_p);
  if (b.g_average) gpu::store(b.g_average + i, r_average);
  if (b.g_shadow) gpu::store(b.g_shadow + i, r_shadow);
}

template <int V>
GPU_KERNEL(kThreads, 48)
adam_kernel(AdamHyper hyper, const std::uint32_t* g_step, const float* g_learning_rate,
            const std::uint32_t* g_finite, Buffers buffers, unsigned size) {
  if (g_finite && *g_finite == 0) return;
  GPU_SHARED(AdamFactors, s_factors);
  if (threadIdx.x == 0) s_factors = adam_factors(hyper, *g_step, *g_learning_rate);
  __syncthreads();
  const AdamFactors f = s_factors;
  for_each_group<V>(
      size, [&](unsigned i) { update<V>(f, buffers, i); },
      [&](unsigned i) { update<1>(f, buffers, i); });
}

}  // namespace

void all_finite(const Launch& launch, View x, View finite) {
  const std::int64_t size = x.shape.size();
  gpu::require(size < std::int64_t(1) << 31, "all_finite", x.shape, "has 2^31 elements or more");
  const bool wide = aligned(x);
  gpu::launch(launch, {.blocks = {1}, .threads = {1}}, set_kernel, finite.as<std::uint32_t>());
  gpu::launch(launch, grid_of(size, wide ? 4 : 1),
              wide ? all_finite_kernel<4> : all_finite_kernel<1>, x.as<float>(), unsigned(size),
              finite.as<std::uint32_t>());
}

void adam(const Launch& launch, AdamHyper hyper, View dp, View step, View learning_rate,
          View finite, View p, View m, View v, View average, View shadow) {
  const std::int64_t size = p.shape.size();
  gpu::require(size < std::int64_t(1) << 31, "adam", p.shape, "has 2^31 elements or more");
  bool wide = true;
  for (const View& view : {dp, p, m, v, average, shadow}) wide = wide && aligned(view);
  const Buffers buffers = {dp.as<float>(), p.as<float>(),       m.as<float>(),
                           v.as<float>(),  average.as<float>(), shadow.as<bf16>()};
  gpu::launch(launch, grid_of(size, wide ? 4 : 1), wide ? adam_kernel<4> : adam_kernel<1>, hyper,
              step.as<std::uint32_t>(), learning_rate.as<float>(), finite.as<std::uint32_t>(),
              buffers, unsigned(size));
}

}  // namespace dagan::DAGAN_BACKEND
