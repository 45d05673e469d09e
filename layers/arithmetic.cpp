#include "layers/arithmetic.h"

#include "core/gradients.h"
#include "kernels/kernels.h"

namespace dagan {
namespace {

// in {a[, b]}, out {y}
struct Linear final : Op {
  Linear(LinearGeometry g, Write mode) : geometry(g), write(mode) {}
  LinearGeometry geometry;
  Write write;

  std::string_view name() const override { return "linear"; }
  void run(const Kernels& k, const Launch& at, std::span<const View> in,
           std::span<const View> out) const override {
    k.linear(at, geometry, in[0], in.size() > 1 ? in[1] : View{}, out[0], write);
  }
  bool in_place() const override { return write == Write::overwrite; }
  void vjp(const Node& node, Gradients& gradients) const override {
    const Tensor dy = gradients.of(node.out[0]);
    const std::optional<float> number = gradients.number(node.out[0]);
    const float factors[] = {geometry.alpha, geometry.beta};
    for (std::size_t i = 0; i < node.in.size(); ++i) {
      if (number && gradients.set(node.in[i], factors[i] * *number)) continue;
      if (const auto da = gradients.into(node.in[i])) {
        gradients.tape().append(Linear({.alpha = factors[i]}, da->write), {dy}, {da->tensor});
      }
    }
  }
};

}  // namespace

void linear_into(Tensor a, Tensor b, LinearGeometry geometry, Tensor y) {
  check(y.shape() == a.shape() && (!b || b.shape() == a.shape()), "[linear] ", a, ", ", b, " and ",
        y, " are not of one shape");
  a.tape->append(Linear(geometry, Write::overwrite), b ? std::vector{a, b} : std::vector{a}, {y});
}

Tensor linear(Tensor a, Tensor b, LinearGeometry geometry) {
  const Tensor y = a.tape->make("linear", a.shape(), Life::transient, a.dtype());
  linear_into(a, b, geometry, y);
  return y;
}

Tensor cast(Tensor x, DType type) {
  if (x.dtype() == type) return x;
  const Tensor y = x.tape->make("cast", x.shape(), Life::transient, type);
  linear_into(x, {}, {}, y);
  return y;
}

Tensor operator*(double factor, Tensor a) { return linear(a, {}, {.alpha = float(factor)}); }
Tensor operator+(Tensor a, Tensor b) { return linear(a, b, {.alpha = 1, .beta = 1}); }
Tensor operator-(Tensor a, Tensor b) { return linear(a, b, {.alpha = 1, .beta = -1}); }

}  // namespace dagan
