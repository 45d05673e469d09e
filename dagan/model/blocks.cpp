#include "dagan/model/blocks.h"

#include "layers/activation.h"

namespace dagan {
namespace {

std::string down_name(std::int64_t level) { return text("down", level + 1); }

// up1 is the innermost block, next to the bottleneck.
std::string up_name(const Architecture& a, std::int64_t level) {
  return text("up", a.levels - level);
}

}  // namespace

Down::Down(Parameters& p, const Architecture& a, std::int64_t level)
    : name_(p.network() + '.' + down_name(level)),
      phase_(p.phase()),
      runs_(p.runs()),
      slope_(level == a.levels - 1 ? 0 : a.slope),
      convolution_(p, down_name(level), level == 0 ? a.channels : a.width_at(level - 1),
                   a.width_at(level), kKernel, kHalving,
                   level == 0 || level == a.levels - 1 ? Bias::present : Bias::none) {
  if (level > 0 && level < a.levels - 1) norm_.emplace(p, down_name(level), a.width_at(level));
}

Tensor Down::operator()(Tensor x) const {
  const Scope scope(*x.tape, name_);
  if (phase_ == Phase::evaluation)
    return convolution_.packed(x, norm_ ? &*norm_ : nullptr, slope_, runs_);
  x = convolution_(x);
  return norm_ ? (*norm_)(x, slope_) : leaky_relu(x, slope_);
}

Up::Up(Parameters& p, const Architecture& a, std::int64_t level, std::int64_t in_channels)
    : name_(p.network() + '.' + up_name(a, level)),
      phase_(p.phase()),
      runs_(p.runs()),
      outermost_(level == 0),
      convolution_(p, up_name(a, level), in_channels,
                   level == 0 ? a.channels : a.width_at(level - 1), kKernel, kHalving,
                   level == 0 || !a.decoder_norm ? Bias::present : Bias::none) {
  if (level > 0 && a.decoder_norm) norm_.emplace(p, up_name(a, level), a.width_at(level - 1));
}

Tensor Up::operator()(Tensor x) const {
  const Scope scope(*x.tape, name_);
  if (phase_ == Phase::evaluation) {
    x = convolution_.packed(x, norm_ ? &*norm_ : nullptr, outermost_ ? 1 : 0, runs_);
    return outermost_ ? tanh(x) : x;
  }
  x = convolution_(x);
  if (outermost_) return tanh(x);
  return norm_ ? (*norm_)(x, 0) : relu(x);
}

}  // namespace dagan
