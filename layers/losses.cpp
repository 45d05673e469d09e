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

// in {a, b}, out {loss}
struct MeanError final : Op {
  explicit MeanError(const ErrorKernels& pair) : kernels(pair) {}
  const ErrorKernels& kernels;

  std::string_view name() const override { return kernels.name; }
  void run(const Kernels& k, const Launch& at, std::span<const View> in,
           std::span<const View> out) const override {
    (k.*kernels.forward)(at, in[0], in[1], out[0]);
  }
  std::int64_t scratch(const Kernels& k, std::span<const View> in,
                       std::span<const View>) const override {
    return k.error_scratch(in[0].shape);
  }
  void vjp(const Node& node, Gradients& gradients) const override {
    const Tensor a = node.in[0], b = node.in[1], dloss = gradients.of(node.out[0]);
    Tape& tape = gradients.tape();
    if (const auto da = gradients.into(a)) {
      tape.append(ErrorGradient(kernels, da->write), {a, b, dloss}, {da->tensor});
    }
    if (const auto db = gradients.into(b)) {
      tape.append(ErrorGradient(kernels, db->write), {b, a, dloss}, {db->tensor});
    }
  }
};

Tensor mean_error(Tensor a, Tensor b, const ErrorKernels& kernels) {
  check(a.shape() == b.shape(), "[", kernels.name, "] ", a, " and ", b, " are not of one shape");
  const Tensor loss = a.tape->make(kernels.name, {});
  a.tape->append(MeanError(kernels), {a, b}, {loss});
  return loss;
}

}  // namespace

Tensor mean_squared_error(Tensor a, Tensor b) { return mean_error(a, b, kSquared); }
Tensor mean_absolute_error(Tensor a, Tensor b) { return mean_error(a, b, kAbsolute); }

}  // namespace dagan
