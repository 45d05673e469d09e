#include "layers/losses.h"

#include "core/gradients.h"
#include "kernels/kernels.h"

namespace dagan {
namespace {

// Which pair of kernels a loss is.
struct ErrorKernels {
  const char* name;
  ErrorFn* Kernels::*forward;
  ErrorGradFn* Kernels::*gradient;
};

constexpr ErrorKernels kSquared = {"squared_error", &Kernels::squared_error,
                                   &Kernels::squared_error_grad};
constexpr ErrorKernels kAbsolute = {"absolute_error", &Kernels::absolute_error,
                                    &Kernels::absolute_error_grad};

// in {a, b, dloss}, out {da}
struct ErrorGradient final : Op {
  ErrorGradient(const ErrorKernels& pair, Write mode)
      : kernels(pair), name_(text(pair.name, "_grad")), write(mode) {}
  const ErrorKernels& kernels;
  std::string name_;
  Write write;

  std::string_view name() const override { return name_; }
  void run(const Kernels& k, const Launch& at, std::span<const View> in,
           std::span<const View> out) const override {
    (k.*kernels.gradient)(at, in[0], in[1], in[2], out[0], write);
  }
};

// in {a, b}, out {loss[, da][, db]}
struct MeanError final : Op {
  explicit MeanError(const ErrorKernels& pair) : kernels(pair) {}
  const ErrorKernels& kernels;
  float dloss = 0;
  bool makes_da = false, makes_db = false;

  std::string_view name() const override { return kernels.name; }
  void run(const Kernels& k, const Launch& at, std::span<const View> in,
           std::span<const View> out) const override {
    (k.*kernels.forward)(at, in[0], in[1], dloss, out[0], makes_da ? out[1] : View{},
                         makes_db ? out.back() : View{});
  }
  std::int64_t scratch(const Kernels& k, std::span<const View> in,
                       std::span<const View>) const override {
    return k.error_scratch(in[0].shape);
  }
  // Where dloss is a number, the node itself makes the gradients that nothing has written yet.
  void vjp(const Node& node, Gradients& gradients) const override {
    const Tensor a = node.in[0], b = node.in[1], loss = node.out[0];
    const bool extended = node.out.size() > 1;
    for (const Tensor& gradient : std::span(node.out).subspan(1)) {
      check(!gradients.has(gradient), "[", name(), "] ", gradient,
            " is a gradient and has none itself");
    }
    const std::optional<float> number = gradients.number(loss);
    std::vector<Tensor> made;
    // Whether it can be left to the node.
    const auto left_to_node = [&](Tensor x, Tensor y) {
      const auto dx = gradients.into(x);
      if (!dx) return false;
      if (number && !extended && dx->write == Write::overwrite) {
        made.push_back(dx->tensor);
        return true;
      }
      const ErrorGradient gradient(kernels, dx->write);
      gradients.tape().append(gradient, {x, y, gradients.of(loss)}, {dx->tensor});
      return false;
    };
    MeanError with_gradients(kernels);
    with_gradients.makes_da = left_to_node(a, b);
    with_gradients.makes_db = left_to_node(b, a);
    if (made.empty()) return;
    with_gradients.dloss = *number;
    gradients.tape().extend(gradients.node(), with_gradients, made);
  }
};

Tensor mean_error(Tensor a, Tensor b, const ErrorKernels& kernels) {
  check(a.shape() == b.shape(), "[", kernels.name, "] ", a, " and ", b, " are not of one shape");
  check(a.dtype() == DType::f32 && b.dtype() == DType::f32, "[", kernels.name, "] ", a, " and ", b,
        " must be f32: cast them");
  const Tensor loss = a.tape->make(kernels.name, {});
  a.tape->append(MeanError(kernels), {a, b}, {loss});
  return loss;
}

}  // namespace

Tensor mean_squared_error(Tensor a, Tensor b) { return mean_error(a, b, kSquared); }
Tensor mean_absolute_error(Tensor a, Tensor b) { return mean_error(a, b, kAbsolute); }

}  // namespace dagan
