// The convolution with weights that change no more. Nothing is gained by another layout here: what
// is kept are the weights as they were.
#include "kernels/kernels.h"

namespace dagan::DAGAN_BACKEND {
namespace {

constexpr std::int64_t kAlignment = 64;

// Where in Launch::kept each operand lies.
class Kept {
 public:
  Kept(const Launch& launch, const PackedConv2d& p) : next_(launch.kept) {
    w = take(p.w, p.dtype);
    const Shape channels = {1, 1, 1, p.pass == Conv2dPass::forward ? p.y.c : p.x.c};
    if (p.bias) affine.bias = take(channels, DType::f32);
    if (p.norm)
      for (View* view : {&affine.mean, &affine.variance, &affine.gamma, &affine.beta})
        *view = take(channels, DType::f32);
  }

  View w;
  Conv2dAffine affine;
  std::int64_t bytes = 0;

 private:
  View take(Shape shape, DType dtype) {
    const std::int64_t size =
        (shape.size() * size_of(dtype) + kAlignment - 1) / kAlignment * kAlignment;
    const View view = {next_ ? next_ + bytes : nullptr, shape, dtype, shape.c};
    bytes += size;
    return view;
  }

  std::byte* next_;
};

}  // namespace

void conv2d_pack(const Launch& launch, const PackedConv2d& p, View w, const Conv2dAffine& affine) {
  const Kept kept(launch, p);
  const auto keep = [&](View from, View to) {
    if (from) linear(launch, {}, from, {}, to, Write::overwrite);
  };
  keep(w, kept.w);
  keep(affine.bias, kept.affine.bias);
  keep(affine.mean, kept.affine.mean);
  keep(affine.variance, kept.affine.variance);
  keep(affine.gamma, kept.affine.gamma);
  keep(affine.beta, kept.affine.beta);
}

void conv2d_packed(const Launch& launch, const PackedConv2d& p, View x, float slope, View y) {
  const Kept kept(launch, p);
  const auto& [bias, mean, variance, gamma, beta] = kept.affine;
  const auto run = p.pass == Conv2dPass::forward ? conv2d : conv2d_input_grad;
  run(launch, p.geometry, x, kept.w, bias, y, Write::overwrite);
  if (p.norm)
    batch_norm_evaluate(launch, {.epsilon = p.epsilon}, y, mean, variance, gamma, beta, slope, y);
  else if (slope != 1)
    leaky_relu(launch, slope, y, y);
}

PackedConv2dBytes conv2d_packed_bytes(const PackedConv2d& p) {
  return {Kept({}, p).bytes, conv2d_scratch(p.pass, p.geometry, p.x, p.w, p.y)};
}

}  // namespace dagan::DAGAN_BACKEND
