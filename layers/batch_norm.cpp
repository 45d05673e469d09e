#include "layers/batch_norm.h"

#include "core/gradients.h"
#include "kernels/kernels.h"

namespace dagan {
namespace {

// in {x}, out {mean, rstd, running mean, running variance}
struct Statistics final : Op {
  explicit Statistics(BatchNormGeometry g) : geometry(g) {}
  BatchNormGeometry geometry;

  std::string_view name() const override { return "batch_norm_statistics"; }
  void run(const Kernels& k, const Launch& at, std::span<const View> in,
           std::span<const View> out) const override {
    k.batch_norm_statistics(at, geometry, in[0], out[0], out[1], out[2], out[3]);
  }
  std::int64_t scratch(const Kernels& k, std::span<const View> in,
                       std::span<const View>) const override {
    return k.batch_norm_scratch(in[0].shape);
  }
};

// in {dy, x, mean, rstd, gamma, beta}, out {dx, dgamma, dbeta}
struct BatchNormGradient final : Op {
  BatchNormGradient(float s, Write dx, Write parameters)
      : slope(s), dx_write(dx), parameters_write(parameters) {}
  float slope;
  Write dx_write, parameters_write;

  std::string_view name() const override { return "batch_norm_grad"; }
  void run(const Kernels& k, const Launch& at, std::span<const View> in,
           std::span<const View> out) const override {
    k.batch_norm_grad(at, in[0], in[1], in[2], in[3], in[4], in[5], slope, out[0], out[1], out[2],
                      dx_write, parameters_write);
  }
  std::int64_t scratch(const Kernels& k, std::span<const View> in,
                       std::span<const View>) const override {
    return k.batch_norm_scratch(in[0].shape);
  }
  bool in_place() const override { return dx_write == Write::overwrite; }
};

// in {x, mean, rstd, gamma, beta}, out {y}. Its gradient is that of the whole normalisation,
// including the way through mean and rstd.
struct Apply final : Op {
  explicit Apply(float s) : slope(s) {}
  float slope;

  std::string_view name() const override { return "batch_norm"; }
  void run(const Kernels& k, const Launch& at, std::span<const View> in,
           std::span<const View> out) const override {
    k.batch_norm(at, in[0], in[1], in[2], in[3], in[4], slope, out[0]);
  }
  bool in_place() const override { return true; }
  void vjp(const Node& node, Gradients& gradients) const override {
    Tape& tape = gradients.tape();
    const Tensor x = node.in[0], gamma = node.in[3], beta = node.in[4];
    const Tensor dy = gradients.of(node.out[0]);
    // The kernel always writes all three; what nobody wants goes to memory that is free again at
    // once.
    const auto target = [&](Tensor t) {
      const auto wanted = gradients.into(t);
      return wanted ? *wanted
                    : Gradients::Target{tape.make(text("unused d(", t.name(), ")"), t.shape(),
                                                  Life::transient, t.dtype()),
                                        Write::overwrite};
    };
    const auto dx = target(x), dgamma = target(gamma), dbeta = target(beta);
    check(dgamma.write == dbeta.write, "[batch_norm] ", gamma, " and its beta are not used alike");
    tape.append(BatchNormGradient(slope, dx.write, dgamma.write),
                {dy, x, node.in[1], node.in[2], gamma, beta},
                {dx.tensor, dgamma.tensor, dbeta.tensor});
  }
};

// in {x, running mean, running variance, gamma, beta}, out {y}
struct Evaluate final : Op {
  Evaluate(BatchNormGeometry g, float s) : geometry(g), slope(s) {}
  BatchNormGeometry geometry;
  float slope;

  std::string_view name() const override { return "batch_norm_evaluate"; }
  void run(const Kernels& k, const Launch& at, std::span<const View> in,
           std::span<const View> out) const override {
    k.batch_norm_evaluate(at, geometry, in[0], in[1], in[2], in[3], in[4], slope, out[0]);
  }
  bool in_place() const override { return true; }
};

}  // namespace

BatchNorm::BatchNorm(Parameters& p, const std::string& name, std::int64_t channels,
                     BatchNormGeometry geometry)
    : gamma_(p.parameter(name + ".gamma", {1, 1, 1, channels}, Init::gamma)),
      beta_(p.parameter(name + ".beta", {1, 1, 1, channels}, Init::zero)),
      running_mean_(p.statistic(name + ".mean", channels, Init::zero)),
      running_variance_(p.statistic(name + ".variance", channels, Init::one)),
      geometry_(geometry),
      phase_(p.phase()) {}

Tensor BatchNorm::operator()(Tensor x, float slope) const {
  Tape& tape = *x.tape;
  check(x.shape().c == gamma_.shape().c, "[batch_norm] input ", x, " has ", x.shape().c,
        " channels, but ", gamma_, " has ", gamma_.shape().c);
  check(slope >= 0, "[batch_norm] slope ", slope, " of ", x, " must not be negative");
  const Tensor y = tape.make("batch_norm", x.shape(), Life::transient, x.dtype());
  if (phase_ == Phase::evaluation) {
    tape.append(Evaluate(geometry_, slope), {x, running_mean_, running_variance_, gamma_, beta_},
                {y});
    return y;
  }
  check(x.shape().pixels() > 1, "[batch_norm] ", x,
        " has one pixel: there is no variance to train on; use a larger batch or fewer levels");
  const Tensor mean = tape.make("mean", gamma_.shape()), rstd = tape.make("rstd", gamma_.shape());
  tape.append(Statistics(geometry_), {x}, {mean, rstd, running_mean_, running_variance_});
  tape.append(Apply(slope), {x, mean, rstd, gamma_, beta_}, {y});
  return y;
}

}  // namespace dagan
