#include "layers/conv2d.h"

#include "core/gradients.h"
#include "kernels/kernels.h"
#include "layers/channel_sum.h"

namespace dagan {
namespace {

View bias_of(std::span<const View> in) { return in.size() > 2 ? in[2] : View{}; }

// in {x, w[, bias]}, out {y}
struct Convolution final : Op {
  Convolution(Conv2dGeometry g, Write mode) : geometry(g), write(mode) {}
  Conv2dGeometry geometry;
  Write write;

  std::string_view name() const override { return "conv2d"; }
  void run(const Kernels& k, const Launch& at, std::span<const View> in,
           std::span<const View> out) const override {
    k.conv2d(at, geometry, in[0], in[1], bias_of(in), out[0], write);
  }
  std::int64_t scratch(const Kernels& k, std::span<const View> in,
                       std::span<const View> out) const override {
    return k.conv2d_scratch(Conv2dPass::forward, geometry, in[0].shape, in[1].shape, out[0].shape);
  }
  void vjp(const Node& node, Gradients& gradients) const override;
};

// in {dy, w[, bias]}, out {dx}; also the forward pass of the transposed convolution
struct InputGradient final : Op {
  InputGradient(Conv2dGeometry g, Write mode) : geometry(g), write(mode) {}
  Conv2dGeometry geometry;
  Write write;

  std::string_view name() const override { return "conv2d_input_grad"; }
  void run(const Kernels& k, const Launch& at, std::span<const View> in,
           std::span<const View> out) const override {
    k.conv2d_input_grad(at, geometry, in[0], in[1], bias_of(in), out[0], write);
  }
  std::int64_t scratch(const Kernels& k, std::span<const View> in,
                       std::span<const View> out) const override {
    return k.conv2d_scratch(Conv2dPass::input_grad, geometry, out[0].shape, in[1].shape,
                            in[0].shape);
  }
  void vjp(const Node& node, Gradients& gradients) const override;
};

// in {x, dy}, out {dw}
struct FilterGradient final : Op {
  FilterGradient(Conv2dGeometry g, Write mode) : geometry(g), write(mode) {}
  Conv2dGeometry geometry;
  Write write;

  std::string_view name() const override { return "conv2d_filter_grad"; }
  void run(const Kernels& k, const Launch& at, std::span<const View> in,
           std::span<const View> out) const override {
    k.conv2d_filter_grad(at, geometry, in[0], in[1], out[0], write);
  }
  std::int64_t scratch(const Kernels& k, std::span<const View> in,
                       std::span<const View> out) const override {
    return k.conv2d_scratch(Conv2dPass::filter_grad, geometry, in[0].shape, out[0].shape,
                            in[1].shape);
  }
};

void bias_gradient(const Node& node, Gradients& gradients) {
  if (node.in.size() < 3) return;
  if (const auto target = gradients.into(node.in[2])) {
    channel_sum(gradients.of(node.out[0]), target->tensor, target->write);
  }
}

void Convolution::vjp(const Node& node, Gradients& gradients) const {
  const Tensor x = node.in[0], w = node.in[1], dy = gradients.of(node.out[0]);
  Tape& tape = gradients.tape();
  if (const auto dx = gradients.into(x)) {
    tape.append(InputGradient(geometry, dx->write), {dy, w}, {dx->tensor});
  }
  if (const auto dw = gradients.into(w)) {
    tape.append(FilterGradient(geometry, dw->write), {x, dy}, {dw->tensor});
  }
  bias_gradient(node, gradients);
}

// Here x is the small image and dy the large one: the roles of the two are exchanged.
void InputGradient::vjp(const Node& node, Gradients& gradients) const {
  const Tensor x = node.in[0], w = node.in[1], dy = gradients.of(node.out[0]);
  Tape& tape = gradients.tape();
  if (const auto dx = gradients.into(x)) {
    tape.append(Convolution(geometry, dx->write), {dy, w}, {dx->tensor});
  }
  if (const auto dw = gradients.into(w)) {
    tape.append(FilterGradient(geometry, dw->write), {dy, x}, {dw->tensor});
  }
  bias_gradient(node, gradients);
}

std::vector<Tensor> inputs(Tensor x, Tensor w, Tensor bias) {
  return bias ? std::vector{x, w, bias} : std::vector{x, w};
}

void check_type(const char* op, Tensor x, Tensor w) {
  check(x.dtype() == w.dtype(), "[", op, "] input ", x, " is ", x.dtype(), ", but filter ", w,
        " is ", w.dtype());
}

void check_bias(const char* op, Tensor bias, std::int64_t channels) {
  check(!bias || bias.shape() == Shape{1, 1, 1, channels}, "[", op, "] bias ", bias,
        " does not have one value for each of ", channels, " channels");
}

// The result's shape, of operands that fit.
Shape conv2d_shape(Tensor x, Tensor w, Tensor bias, Conv2dGeometry g) {
  const Shape xs = x.shape(), ws = w.shape();
  check(xs.c == ws.c, "[conv2d] input ", x, " has ", xs.c, " channels, filter ", w, " expects ",
        ws.c);
  check(g.stride > 0 && g.pad >= 0 && xs.h + 2 * g.pad >= ws.h && xs.w + 2 * g.pad >= ws.w,
        "[conv2d] input ", x, " is too small for filter ", w, " with stride ", g.stride,
        " and pad ", g.pad);
  check_bias("conv2d", bias, ws.n);
  check_type("conv2d", x, w);
  return {xs.n, (xs.h + 2 * g.pad - ws.h) / g.stride + 1, (xs.w + 2 * g.pad - ws.w) / g.stride + 1,
          ws.n};
}

Shape conv_transpose2d_shape(Tensor x, Tensor w, Tensor bias, Conv2dGeometry g) {
  const Shape xs = x.shape(), ws = w.shape();
  check(xs.c == ws.n, "[conv_transpose2d] input ", x, " has ", xs.c, " channels, filter ", w,
        " expects ", ws.n);
  const Shape ys = {xs.n, (xs.h - 1) * g.stride - 2 * g.pad + ws.h,
                    (xs.w - 1) * g.stride - 2 * g.pad + ws.w, ws.c};
  check(g.stride > 0 && g.pad >= 0 && ys.h > 0 && ys.w > 0, "[conv_transpose2d] input ", x,
        " is too small for filter ", w, " with stride ", g.stride, " and pad ", g.pad);
  check_bias("conv_transpose2d", bias, ws.c);
  check_type("conv_transpose2d", x, w);
  return ys;
}

// in {x, w[, bias][, mean, variance, gamma, beta]}, out {y}
struct Packed final : Op {
  PackedConv2d convolution;
  float slope;

  Packed(const PackedConv2d& c, float s) : convolution(c), slope(s) {}
  std::string_view name() const override { return "conv2d_packed"; }
  std::int64_t kept(const Kernels& k, std::span<const View>, std::span<const View>) const override {
    return k.conv2d_packed ? k.conv2d_packed_bytes(convolution).kept : 0;
  }
  std::int64_t scratch(const Kernels& k, std::span<const View>,
                       std::span<const View>) const override {
    const PackedConv2d& c = convolution;
    return k.conv2d_packed ? k.conv2d_packed_bytes(c).scratch
                           : k.conv2d_scratch(c.pass, c.geometry, c.x, c.w, c.y);
  }
  Conv2dAffine affine(std::span<const View> in) const {
    Conv2dAffine result;
    std::size_t next = 2;
    if (convolution.bias) result.bias = in[next++];
    if (convolution.norm)
      for (View* view : {&result.mean, &result.variance, &result.gamma, &result.beta})
        *view = in[next++];
    return result;
  }
  void prepare(const Kernels& k, const Launch& at, std::span<const View> in,
               std::span<const View>) const override {
    if (k.conv2d_packed) k.conv2d_pack(at, convolution, in[1], affine(in));
  }
  void run(const Kernels& k, const Launch& at, std::span<const View> in,
           std::span<const View> out) const override {
    if (k.conv2d_packed) return k.conv2d_packed(at, convolution, in[0], in[1], slope, out[0]);
    const auto& [bias, mean, variance, gamma, beta] = affine(in);
    const View y = out[0];
    const auto pass = convolution.pass == Conv2dPass::forward ? k.conv2d : k.conv2d_input_grad;
    pass(at, convolution.geometry, in[0], in[1], bias, y, Write::overwrite);
    if (convolution.norm)
      k.batch_norm_evaluate(at, {.epsilon = convolution.epsilon}, y, mean, variance, gamma, beta,
                            slope, y);
    else if (slope != 1)
      k.leaky_relu(at, slope, y, y);
  }
};

}  // namespace

Tensor conv2d(Tensor x, Tensor w, Tensor bias, Conv2dGeometry g) {
  const Tensor y = x.tape->make("conv2d", conv2d_shape(x, w, bias, g), Life::transient, x.dtype());
  x.tape->append(Convolution(g, Write::overwrite), inputs(x, w, bias), {y});
  return y;
}

Tensor conv_transpose2d(Tensor x, Tensor w, Tensor bias, Conv2dGeometry g) {
  const Tensor y = x.tape->make("conv_transpose2d", conv_transpose2d_shape(x, w, bias, g),
                                Life::transient, x.dtype());
  x.tape->append(InputGradient(g, Write::overwrite), inputs(x, w, bias), {y});
  return y;
}

Tensor packed_conv2d(Conv2dPass pass, Tensor x, Tensor w, Tensor bias, Conv2dGeometry g,
                     const BatchNorm* norm, float slope, Runs runs) {
  const bool forward = pass == Conv2dPass::forward;
  const Shape ys = forward ? conv2d_shape(x, w, bias, g) : conv_transpose2d_shape(x, w, bias, g);
  PackedConv2d convolution = {.pass = pass,
                              .geometry = g,
                              .x = forward ? x.shape() : ys,
                              .w = w.shape(),
                              .y = forward ? ys : x.shape(),
                              .dtype = x.dtype(),
                              .bias = bool(bias),
                              .norm = norm != nullptr,
                              .once = runs == Runs::once};
  check(slope >= 0, "[packed_conv2d] slope ", slope, " of ", x, " must not be negative");
  std::vector<Tensor> in = inputs(x, w, bias);
  if (norm) {
    const BatchNorm::Running running = norm->running();
    check(running.mean.shape().c == ys.c, "[packed_conv2d] ", running.mean,
          " does not have one value for each of ", ys.c, " channels");
    convolution.epsilon = running.epsilon;
    in.insert(in.end(), {running.mean, running.variance, running.gamma, running.beta});
  }
  for (std::size_t i = 1; i < in.size(); ++i)
    check((*x.tape)[in[i]].life == Life::persistent, "[packed_conv2d] ", in[i],
          " is read when the program is made, but does not outlive it");
  const Tensor y = x.tape->make("packed_conv2d", ys, Life::transient, x.dtype());
  x.tape->append(Packed(convolution, slope), in, {y});
  return y;
}

Conv2d::Conv2d(Parameters& p, const std::string& name, std::int64_t in_channels,
               std::int64_t out_channels, std::int64_t kernel, Conv2dGeometry geometry, Bias bias)
    : filter_(p.filter(name + ".filter", {out_channels, kernel, kernel, in_channels})),
      geometry_(geometry) {
  if (bias == Bias::present) {
    bias_ = p.parameter(name + ".bias", {1, 1, 1, out_channels}, Init::zero);
  }
}

ConvTranspose2d::ConvTranspose2d(Parameters& p, const std::string& name, std::int64_t in_channels,
                                 std::int64_t out_channels, std::int64_t kernel,
                                 Conv2dGeometry geometry, Bias bias)
    : filter_(p.filter(name + ".filter", {in_channels, kernel, kernel, out_channels})),
      geometry_(geometry) {
  if (bias == Bias::present) {
    bias_ = p.parameter(name + ".bias", {1, 1, 1, out_channels}, Init::zero);
  }
}

}  // namespace dagan
