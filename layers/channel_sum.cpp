#include "layers/channel_sum.h"

#include "kernels/kernels.h"

namespace dagan {
namespace {

struct ChannelSum final : Op {
  explicit ChannelSum(Write mode) : write(mode) {}
  Write write;

  std::string_view name() const override { return "channel_sum"; }
  void run(const Kernels& k, const Launch& at, std::span<const View> in,
           std::span<const View> out) const override {
    k.channel_sum(at, in[0], out[0], write);
  }
  std::int64_t scratch(const Kernels& k, std::span<const View> in,
                       std::span<const View>) const override {
    return k.channel_sum_scratch(in[0].shape);
  }
};

}  // namespace

void channel_sum(Tensor x, Tensor sum, Write write) {
  check(sum.shape() == Shape{1, 1, 1, x.shape().c}, "[channel_sum] ", sum,
        " does not have one value for each channel of ", x);
  x.tape->append(ChannelSum(write), {x}, {sum});
}

}  // namespace dagan
