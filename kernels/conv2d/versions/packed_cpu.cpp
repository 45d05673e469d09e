// With weights that change no more: the filter as a version reads it, times the factors of a batch
// norm; what is left of the norm is a bias. Kept are the bias, in whole cache lines, and the
// filter.
#include <cmath>
#include <vector>

#include "kernels/conv2d/implicit_gemm/implicit_gemm.h"
#include "kernels/conv2d/versions/cpu.h"
#include "kernels/conv2d/winograd/winograd.h"

namespace dagan::cpu {
namespace {

std::int64_t channels_of(const PackedConv2d& p) {
  return p.pass == Conv2dPass::forward ? p.y.c : p.x.c;
}

std::int64_t bias_floats(const PackedConv2d& p) { return (channels_of(p) + 15) / 16 * 16; }

int tile_of(Conv2dVersion version, const PackedConv2d& p) {
  return winograd_tile(version, p.geometry, p.w, p.y);
}

}  // namespace

void pack_conv2d(Conv2dVersion version, const Launch& launch, const PackedConv2d& p, View w,
                 const Conv2dAffine& affine) {
  float* bias = reinterpret_cast<float*>(launch.kept);
  std::vector<float> factors;
  const auto at = [](View view, std::int64_t c) { return view ? view.as<float>()[c] : 0; };
  for (std::int64_t c = 0; c < channels_of(p); ++c) {
    bias[c] = at(affine.bias, c);
    if (!p.norm) continue;
    factors.push_back(at(affine.gamma, c) / std::sqrt(at(affine.variance, c) + p.epsilon));
    bias[c] = at(affine.beta, c) + (bias[c] - at(affine.mean, c)) * factors.back();
  }
  const float* scale = p.norm ? factors.data() : nullptr;
  float* filter = bias + bias_floats(p);
  if (const int m = tile_of(version, p))
    winograd::pack(m, p, w, scale, filter);
  else
    implicit_gemm::pack(p, w, scale, filter);
}

void run_packed_conv2d(Conv2dVersion version, const Launch& launch, const PackedConv2d& p, View x,
                       float slope, View y) {
  const float* bias = reinterpret_cast<const float*>(launch.kept);
  const float* filter = bias + bias_floats(p);
  const Finish finish = {p.norm || p.bias ? bias : nullptr, slope};
  if (const int m = tile_of(version, p))
    winograd::run_packed(m, launch, p, x, filter, finish, y);
  else
    implicit_gemm::run_packed(launch, p, x, filter, finish, y);
}

PackedConv2dBytes packed_bytes_of_conv2d(Conv2dVersion version, const PackedConv2d& p) {
  const int m = tile_of(version, p);
  const std::int64_t filter = m ? winograd::packed_floats(m, p) : implicit_gemm::packed_floats(p);
  return {(bias_floats(p) + filter) * std::int64_t(sizeof(float)),
          m ? winograd::packed_scratch(m, p) : implicit_gemm::packed_scratch(p)};
}

}  // namespace dagan::cpu
