#include "layers/activation.h"

#include "core/gradients.h"
#include "kernels/kernels.h"

namespace dagan {
namespace {

// in {dy, y}, out {dx}
struct LeakyReluGradient final : Op {
  LeakyReluGradient(float s, Write mode) : slope(s), write(mode) {}
  float slope;
  Write write;

  std::string_view name() const override { return "leaky_relu_grad"; }
  void run(const Kernels& k, const Launch& at, std::span<const View> in,
           std::span<const View> out) const override {
    k.leaky_relu_grad(at, slope, in[1], in[0], out[0], write);
  }
  bool in_place() const override { return write == Write::overwrite; }
};

struct LeakyRelu final : Op {
  explicit LeakyRelu(float s) : slope(s) {}
  float slope;

  std::string_view name() const override { return "leaky_relu"; }
  void run(const Kernels& k, const Launch& at, std::span<const View> in,
           std::span<const View> out) const override {
    k.leaky_relu(at, slope, in[0], out[0]);
  }
  bool in_place() const override { return true; }
  void vjp(const Node& node, Gradients& gradients) const override {
    const Tensor y = node.out[0];
    if (const auto dx = gradients.into(node.in[0])) {
      gradients.tape().append(LeakyReluGradient(slope, dx->write), {gradients.of(y), y},
                              {dx->tensor});
    }
  }
};

struct TanhGradient final : Op {
  explicit TanhGradient(Write mode) : write(mode) {}
  Write write;

  std::string_view name() const override { return "tanh_grad"; }
  void run(const Kernels& k, const Launch& at, std::span<const View> in,
           std::span<const View> out) const override {
    k.tanh_grad(at, in[1], in[0], out[0], write);
  }
  bool in_place() const override { return write == Write::overwrite; }
};

struct Tanh final : Op {
  std::string_view name() const override { return "tanh"; }
  void run(const Kernels& k, const Launch& at, std::span<const View> in,
           std::span<const View> out) const override {
    k.tanh(at, in[0], out[0]);
  }
  bool in_place() const override { return true; }
  void vjp(const Node& node, Gradients& gradients) const override {
    const Tensor y = node.out[0];
    if (const auto dx = gradients.into(node.in[0])) {
      gradients.tape().append(TanhGradient(dx->write), {gradients.of(y), y}, {dx->tensor});
    }
  }
};

}  // namespace

Tensor leaky_relu(Tensor x, float slope) {
  check(slope >= 0, "[leaky_relu] slope ", slope, " of ", x, " must not be negative");
  const Tensor y = x.tape->make("leaky_relu", x.shape(), Life::transient, x.dtype());
  x.tape->append(LeakyRelu(slope), {x}, {y});
  return y;
}

Tensor relu(Tensor x) { return leaky_relu(x, 0); }

Tensor tanh(Tensor x, DType type) {
  const Tensor y = x.tape->make("tanh", x.shape(), Life::transient, type);
  x.tape->append(Tanh(), {x}, {y});
  return y;
}

}  // namespace dagan
