// With weights that change no more: the filter as a version reads it, times the factors of a batch
// norm; what is left of the norm is a bias. Kept are the bias and the factors, in whole cache
// lines, and the filter.
#include <cmath>

#include "kernels/conv2d/implicit_gemm/implicit_gemm.h"
#include "kernels/conv2d/versions/cpu.h"
#include "kernels/conv2d/winograd/winograd.h"

namespace dagan::cpu {
namespace {

std::int64_t channels_of(const PackedConv2d& p) {
  return p.pass == Conv2dPass::forward ? p.y.c : p.x.c;
}

// Of the bias, and of the factors.
std::int64_t padded_channels(const PackedConv2d& p) { return (channels_of(p) + 15) / 16 * 16; }

// Where the factors are, if there are any, and the filter.
struct Kept {
  float *bias, *factors, *filter;

  Kept(const Launch& launch, const PackedConv2d& p)
      : bias(reinterpret_cast<float*>(launch.kept)),
        factors(bias + padded_channels(p)),
        filter(factors + padded_channels(p)) {}
};

int tile_of(Conv2dVersion version, const PackedConv2d& p) {
  return winograd_tile(version, p.geometry, p.w, p.y);
}

}  // namespace

void pack_conv2d(Conv2dVersion version, const Launch& launch, const PackedConv2d& p, View w,
                 const Conv2dAffine& affine) {
  const Kept kept(launch, p);
  const auto at = [](View view, std::int64_t c) { return view ? view.as<float>()[c] : 0; };
  for (std::int64_t c = 0; c < channels_of(p); ++c) {
    kept.bias[c] = at(affine.bias, c);
    if (!p.norm) continue;
    kept.factors[c] = at(affine.gamma, c) / std::sqrt(at(affine.variance, c) + p.epsilon);
    kept.bias[c] = at(affine.beta, c) + (kept.bias[c] - at(affine.mean, c)) * kept.factors[c];
  }
  if (p.once) return;
  const ConvFilter filter = {w, p.norm ? kept.factors : nullptr};
  if (const int m = tile_of(version, p))
    winograd::pack(m, p, filter, kept.filter);
  else
    implicit_gemm::pack(p, filter, kept.filter);
}

void run_packed_conv2d(Conv2dVersion version, const Launch& launch, const PackedConv2d& p, View x,
                       View w, float slope, View y) {
  const Kept kept(launch, p);
  const ConvFilter filter = {w, p.norm ? kept.factors : nullptr, p.once ? nullptr : kept.filter};
  const Finish finish = {p.norm || p.bias ? kept.bias : nullptr, slope};
  if (const int m = tile_of(version, p))
    winograd::run_packed(m, launch, p, x, filter, finish, y);
  else
    implicit_gemm::run_packed(launch, p, x, filter, finish, y);
}

PackedConv2dBytes packed_bytes_of_conv2d(Conv2dVersion version, const PackedConv2d& p) {
  const int m = tile_of(version, p);
  std::int64_t floats = 2 * padded_channels(p);
  if (!p.once) floats += m ? winograd::packed_floats(m, p) : implicit_gemm::packed_floats(p);
  return {floats * std::int64_t(sizeof(float)),
          m ? winograd::packed_scratch(m, p) : implicit_gemm::packed_scratch(p)};
}

}  // namespace dagan::cpu
