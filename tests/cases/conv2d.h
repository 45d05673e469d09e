// The convolution and its gradients as cases: one problem, three passes.
#pragma once
#include <algorithm>
#include <cmath>
#include <complex>

#include "core/check.h"
#include "kernels/conv2d/reference.h"
#include "kernels/version.h"
#include "tests/cases/op_case.h"

namespace dagan::cases {

struct Conv2dProblem {
  Conv2dGeometry geometry;
  Shape x;                     // (N,H,W,C)
  std::int64_t filters, r, s;  // w is (filters,r,s,C)
  bool bias = false;           // ignored by the filter gradient
  DType dtype = DType::f32;    // of x, w, y and the gradients of x and y

  Shape w() const { return {filters, r, s, x.c}; }
  Shape y() const {
    return {x.n, (x.h + 2 * geometry.pad - r) / geometry.stride + 1,
            (x.w + 2 * geometry.pad - s) / geometry.stride + 1, filters};
  }
  double flop() const { return 2.0 * double(y().pixels() * w().size()); }
};

inline std::string to_string(const Conv2dProblem& p) {
  return text(p.r, "x", p.s, "/", p.geometry.stride, " pad ", p.geometry.pad, " ", p.x, "->",
              p.filters, p.bias ? " bias" : "", p.dtype == DType::bf16 ? " bf16" : "");
}

template <class T>
Array<T> bias_of(const Arrays<T>& in) {
  return in.size() > 2 ? in[2] : Array<T>();
}
inline View bias_of(const Views& in) { return in.size() > 2 ? in[2] : View(); }

// What rounding the output to its type adds to a bound.
inline ErrorBound stored(ErrorBound bound, DType dtype) {
  if (dtype == DType::f32) return bound;
  return [=](const Arrays<double>& in, const Arrays<double>& out, const Arrays<double>& bounds) {
    bound(in, out, bounds);
    for (std::int64_t i = 0; i < out[0].size(); ++i) bounds[0][i] += 0x1p-8 * std::abs(out[0][i]);
  };
}

// The gradient of the bias is the sum of dout over the pixels.
inline void bias_gradient(const Array<double>& dout, const Arrays<double>& din) {
  if (din.size() < 3) return;
  for (std::int64_t c = 0; c < dout.shape.c; ++c) din[2][c] = 0;
  for (std::int64_t i = 0; i < dout.size(); ++i) din[2][i % dout.shape.c] += dout[i];
}

inline OpCase conv2d_case(std::string name, Conv2dPass pass, const Conv2dProblem& p,
                          std::vector<Operand> inputs, Operand output, bool bias) {
  if (bias)
    inputs.push_back({.name = "bias", .shape = {1, 1, 1, output.shape.c}, .sliceable = false});
  output.role = Role::summed;
  if (pass != Conv2dPass::filter_grad) output.dtype = p.dtype;
  for (Operand& input : inputs)
    if (input.name != "bias") input.dtype = p.dtype;
  OpCase op;
  op.name = text(name, " ", to_string(p));
  op.inputs = std::move(inputs);
  op.outputs = {output};
  op.flop = p.flop();
  op.scratch = [=](const Kernels& k) {
    return k.conv2d_scratch(pass, p.geometry, p.x, p.w(), p.y());
  };
  return op;
}

// Products summed in one output element, and the bias.
inline double sum_factor(std::int64_t terms) { return 4 * std::sqrt(double(terms + 1)); }

inline OpCase conv2d(const Conv2dProblem& p) {
  OpCase op =
      conv2d_case("conv2d", Conv2dPass::forward, p,
                  {{.name = "x", .shape = p.x}, {.name = "w", .shape = p.w(), .sliceable = false}},
                  {.name = "y", .shape = p.y()}, p.bias);
  op.run = [=](const Kernels& k, const Launch& launch, const Views& in, const Views& out,
               Write write) {
    k.conv2d(launch, p.geometry, in[0], in[1], bias_of(in), out[0], write);
  };
  op.reference = [=](const auto& in, const auto& out) {
    reference::conv2d(p.geometry, in[0], in[1], bias_of(in), out[0]);
  };
  op.error = stored(rounded_sum(op.reference, sum_factor(p.w().size() / p.filters)), p.dtype);
  op.gradient = [=](const Arrays<double>& in, const Arrays<double>&, const Arrays<double>& dout,
                    const Arrays<double>& din) {
    reference::conv2d_input_grad(p.geometry, dout[0], in[1], {}, din[0]);
    reference::conv2d_filter_grad(p.geometry, in[0], dout[0], din[1]);
    bias_gradient(dout[0], din);
  };
  return op;
}

inline OpCase conv2d_input_grad(const Conv2dProblem& p) {
  OpCase op = conv2d_case(
      "conv2d_input_grad", Conv2dPass::input_grad, p,
      {{.name = "dy", .shape = p.y()}, {.name = "w", .shape = p.w(), .sliceable = false}},
      {.name = "dx", .shape = p.x}, p.bias);
  op.run = [=](const Kernels& k, const Launch& launch, const Views& in, const Views& out,
               Write write) {
    k.conv2d_input_grad(launch, p.geometry, in[0], in[1], bias_of(in), out[0], write);
  };
  op.reference = [=](const auto& in, const auto& out) {
    reference::conv2d_input_grad(p.geometry, in[0], in[1], bias_of(in), out[0]);
  };
  op.error = stored(rounded_sum(op.reference, sum_factor(p.filters * p.r * p.s)), p.dtype);
  op.gradient = [=](const Arrays<double>& in, const Arrays<double>&, const Arrays<double>& dout,
                    const Arrays<double>& din) {
    reference::conv2d(p.geometry, dout[0], in[1], {}, din[0]);
    reference::conv2d_filter_grad(p.geometry, dout[0], in[0], din[1]);
    bias_gradient(dout[0], din);
  };
  return op;
}

inline OpCase conv2d_filter_grad(const Conv2dProblem& p) {
  OpCase op = conv2d_case("conv2d_filter_grad", Conv2dPass::filter_grad, p,
                          {{.name = "x", .shape = p.x}, {.name = "dy", .shape = p.y()}},
                          {.name = "dw", .shape = p.w(), .sliceable = false}, false);
  op.run = [=](const Kernels& k, const Launch& launch, const Views& in, const Views& out,
               Write write) {
    k.conv2d_filter_grad(launch, p.geometry, in[0], in[1], out[0], write);
  };
  op.reference = [=](const auto& in, const auto& out) {
    reference::conv2d_filter_grad(p.geometry, in[0], in[1], out[0]);
  };
  op.error = rounded_sum(op.reference, sum_factor(p.y().pixels()));
  op.gradient = [=](const Arrays<double>& in, const Arrays<double>&, const Arrays<double>& dout,
                    const Arrays<double>& din) {
    reference::conv2d_input_grad(p.geometry, in[1], dout[0], {}, din[0]);
    reference::conv2d(p.geometry, in[0], dout[0], {}, din[1]);
  };
  return op;
}

// A pass of the problem with weights that change no more, and what follows it. The bound's
// reference takes no differences: `sign` is that of the mean.
template <class T>
void packed_reference(const Conv2dProblem& p, Conv2dPass pass, bool norm, float slope, double sign,
                      const Arrays<T>& in, const Array<T>& y) {
  const Array<T> bias = p.bias ? in[2] : Array<T>();
  if (pass == Conv2dPass::forward)
    reference::conv2d(p.geometry, in[0], in[1], bias, y);
  else
    reference::conv2d_input_grad(p.geometry, in[0], in[1], bias, y);
  const auto* of = in.data() + 2 + p.bias;  // mean, variance, gamma, beta
  for (std::int64_t i = 0; i < y.size(); ++i) {
    const std::int64_t c = i % y.shape.c;
    if (norm) y[i] = of[2][c] * (y[i] - sign * of[0][c]) / std::sqrt(of[1][c] + 1e-5) + of[3][c];
    if (std::real(y[i]) <= 0) y[i] = T(slope) * y[i];
  }
}

inline OpCase conv2d_packed(const Conv2dProblem& p, Conv2dPass pass, bool norm, float slope,
                            bool once = false) {
  const bool forward = pass == Conv2dPass::forward;
  const Shape channels = {1, 1, 1, forward ? p.filters : p.x.c};
  OpCase op = conv2d_case(
      text("conv2d_packed", forward ? "" : " input_grad", norm ? " norm" : "", " slope ", slope),
      pass, p,
      {{.name = forward ? "x" : "dy", .shape = forward ? p.x : p.y()},
       {.name = "w", .shape = p.w(), .sliceable = false}},
      {.name = "y", .shape = forward ? p.y() : p.x}, p.bias);
  op.outputs[0].role = Role::overwritten;
  const auto vector_of = [&](const char* name, Values values) {
    op.inputs.push_back({.name = name, .shape = channels, .values = values, .sliceable = false});
  };
  if (norm) {
    vector_of("mean", {});
    vector_of("variance", {.low = 0.25, .high = 2});
    vector_of("gamma", {});
    vector_of("beta", {});
  }
  const PackedConv2d packed = {pass,    p.geometry, p.x,  p.w(), p.y(),
                               p.dtype, p.bias,     norm, 1e-5f, once};
  op.kept = [=](const Kernels& k) { return k.conv2d_packed_bytes(packed).kept; };
  op.scratch = [=](const Kernels& k) { return k.conv2d_packed_bytes(packed).scratch; };
  op.setup = [=](const Kernels& k, const Launch& launch, const Views& in) {
    Conv2dAffine affine = {.bias = p.bias ? in[2] : View()};
    const std::size_t first = 2 + p.bias;
    if (norm) affine = {affine.bias, in[first], in[first + 1], in[first + 2], in[first + 3]};
    k.conv2d_pack(launch, packed, in[1], affine);
  };
  op.run = [=](const Kernels& k, const Launch& launch, const Views& in, const Views& out, Write) {
    k.conv2d_packed(launch, packed, in[0], in[1], slope, out[0]);
  };
  const auto reference = [=](double sign) {
    return [=](const auto& in, const auto& out) {
      packed_reference(p, pass, norm, slope, sign, in, out[0]);
    };
  };
  op.reference = reference(1);
  const std::int64_t terms = p.w().size() / (forward ? p.filters : p.x.c);
  op.error = stored(rounded_sum(Reference(reference(-1)), 2 * sum_factor(terms)), p.dtype);
  return op;
}

// The same problem with operands of another type.
inline Conv2dProblem with_dtype(Conv2dProblem p, DType dtype) {
  p.dtype = dtype;
  return p;
}

inline std::vector<OpCase> conv2d_passes(const Conv2dProblem& p) {
  return {conv2d(p), conv2d_input_grad(p), conv2d_filter_grad(p)};
}

// The largest bound of all elements, times a factor, for each of them.
inline ErrorBound everywhere(ErrorBound bound, double factor) {
  return [=](const Arrays<double>& in, const Arrays<double>& out, const Arrays<double>& bounds) {
    bound(in, out, bounds);
    double largest = 0;
    for (std::int64_t i = 0; i < bounds[0].size(); ++i) largest = std::max(largest, bounds[0][i]);
    for (std::int64_t i = 0; i < bounds[0].size(); ++i) bounds[0][i] = factor * largest;
  };
}

// What rounding to bf16 before the bias is added allows, too; what was there is at most 1.
inline ErrorBound rounded_before_bias(ErrorBound bound) {
  return [=](const Arrays<double>& in, const Arrays<double>& out, const Arrays<double>& bounds) {
    bound(in, out, bounds);
    for (std::int64_t i = 0; i < out[0].size(); ++i)
      bounds[0][i] += 0x1p-8 * (1 + std::abs(out[0][i]) + std::abs(in[2][i % out[0].shape.c]));
  };
}

// The passes that a version has for activations of a type, with the error that its operands allow:
// to tf32, each is rounded by 2^-11 of itself. Libraries have no bias: it is added afterwards.
inline std::vector<OpCase> conv2d_passes(const KernelVersion& version, const Conv2dProblem& p,
                                         DType dtype) {
  std::vector<OpCase> ops = conv2d_passes(with_dtype(p, dtype)), in_f32 = conv2d_passes(p);
  for (std::size_t i = 0; i < ops.size(); ++i) {
    const DType stored_as = ops[i].outputs[0].dtype;
    if (version.products == Products::tf32)
      ops[i].error = rounded_sum(ops[i].reference, 0x1p14 + 0x1p11);
    if (version.products == Products::winograd)
      ops[i].error = stored(everywhere(in_f32[i].error, 2), stored_as);
    if (version.missing != nullptr && stored_as == DType::bf16 && ops[i].inputs.size() > 2)
      ops[i].error = rounded_before_bias(ops[i].error);
  }
  if (version.entries.conv2d_filter_grad == nullptr) ops.pop_back();
  if (version.entries.conv2d_input_grad == nullptr) ops.pop_back();
  return ops;
}
inline std::vector<OpCase> conv2d_passes(const KernelVersion& version, const Conv2dProblem& p) {
  return conv2d_passes(version, p, version.dtype);
}

// Those with packed weights: forward, then input gradient, with or without a norm.
inline std::vector<OpCase> conv2d_packed_passes(const KernelVersion& version,
                                                const Conv2dProblem& p, DType dtype, bool norm,
                                                bool once = false) {
  std::vector<OpCase> ops;
  if (version.entries.conv2d_packed == nullptr) return ops;
  const float with_norm[] = {0.2f, 0};  // as encoder and decoder have it
  for (const Conv2dPass pass : {Conv2dPass::forward, Conv2dPass::input_grad}) {
    const float slope = norm ? with_norm[int(pass)] : 1;
    ops.push_back(conv2d_packed(with_dtype(p, dtype), pass, norm, slope, once));
    if (version.products == Products::winograd)
      ops.back().error = stored(everywhere(conv2d_packed(p, pass, norm, slope).error, 2), dtype);
  }
  return ops;
}

// Small problems of every kind, for gradients.
inline std::vector<Conv2dProblem> conv2d_small() {
  return {
      {{2, 1}, {1, 4, 4, 1}, 1, 4, 4},       {{2, 1}, {2, 6, 6, 3}, 2, 4, 4, true},
      {{2, 1}, {1, 7, 5, 2}, 3, 4, 4},       {{2, 1}, {3, 2, 2, 2}, 2, 4, 4, true},
      {{2, 1}, {1, 3, 9, 1}, 4, 4, 4},       {{2, 1}, {2, 5, 5, 3}, 1, 3, 3, true},
      {{1, 0}, {1, 1, 1, 1}, 1, 1, 1},       {{1, 0}, {2, 3, 4, 3}, 2, 1, 1, true},
      {{1, 0}, {1, 5, 4, 2}, 2, 3, 2},       {{1, 1}, {1, 4, 5, 2}, 3, 3, 3, true},
      {{1, 2}, {1, 5, 3, 1}, 2, 5, 3},       {{1, 3}, {1, 3, 3, 2}, 1, 7, 7, true},
      {{2, 0}, {1, 6, 7, 2}, 2, 2, 2},       {{2, 0}, {2, 5, 6, 1}, 3, 3, 2, true},
      {{2, 2}, {1, 4, 3, 2}, 2, 5, 4},       {{2, 3}, {1, 3, 5, 1}, 2, 4, 7, true},
      {{3, 0}, {1, 7, 8, 2}, 2, 2, 3},       {{3, 1}, {1, 8, 7, 1}, 2, 4, 4, true},
      {{3, 2}, {2, 5, 5, 2}, 1, 5, 5},       {{3, 1}, {1, 6, 6, 1}, 3, 1, 2, true},
      {{4, 0}, {1, 9, 10, 1}, 2, 3, 4},      {{4, 2}, {1, 6, 9, 2}, 2, 4, 3, true},
      {{5, 1}, {1, 11, 7, 1}, 2, 3, 3},      {{5, 4}, {1, 4, 6, 2}, 1, 6, 5, true},
      {{2, 1}, {1, 5, 8, 2}, 2, 1, 4, true}, {{3, 2}, {1, 7, 4, 3}, 2, 2, 1},
  };
}

// Problems that reach every path of a fast kernel: partial tiles, panels and blocks, few and many
// pixels, few and many channels.
inline std::vector<Conv2dProblem> conv2d_large() {
  return {
      {{2, 1}, {1, 2, 2, 16}, 33, 4, 4},         {{2, 1}, {16, 4, 4, 20}, 40, 4, 4},
      {{2, 1}, {1, 4, 4, 96}, 100, 4, 4, true},  {{2, 1}, {2, 14, 18, 1}, 16, 4, 4},
      {{2, 1}, {2, 14, 18, 3}, 32, 4, 4, true},  {{2, 1}, {2, 14, 18, 5}, 33, 4, 4},
      {{2, 1}, {3, 32, 24, 3}, 16, 4, 4, true},  {{2, 1}, {1, 40, 72, 1}, 5, 4, 4},
      {{2, 1}, {2, 15, 19, 16}, 16, 4, 4, true}, {{2, 1}, {1, 9, 11, 32}, 40, 4, 4},
      {{2, 1}, {5, 8, 8, 64}, 3, 4, 4, true},    {{2, 1}, {1, 8, 8, 100}, 1, 4, 4},
      {{1, 1}, {1, 9, 11, 33}, 16, 3, 3, true},  {{1, 0}, {2, 7, 9, 96}, 33, 1, 1},
      {{1, 3}, {1, 12, 10, 3}, 16, 7, 7, true},  {{2, 3}, {1, 15, 14, 3}, 17, 7, 7},
      {{3, 1}, {2, 13, 16, 16}, 33, 5, 4, true}, {{4, 0}, {1, 16, 20, 5}, 40, 4, 4},
      {{2, 0}, {2, 18, 16, 7}, 12, 2, 2, true},  {{1, 2}, {1, 10, 9, 1}, 31, 5, 5},
      {{2, 1}, {4, 32, 34, 1}, 4, 4, 4, true},   {{2, 1}, {1, 56, 20, 8}, 4, 4, 4, true},
      {{2, 1}, {1, 4, 140, 2}, 3, 4, 4},         {{2, 1}, {1, 4, 4, 300}, 8, 4, 4},
      {{2, 1}, {1, 4, 4, 5}, 270, 4, 4, true},   {{1, 6}, {1, 3, 2, 2}, 3, 13, 11},
      {{2, 1}, {9, 6, 4, 33}, 5, 4, 4, true},    {{2, 1}, {4, 8, 6, 16}, 20, 4, 4},
      {{3, 0}, {1, 7, 8, 20}, 9, 1, 2, true},    {{2, 1}, {4, 16, 17, 16}, 20, 4, 4},
  };
}

// Problems for filters of 4x4 with stride 2 and padding 1: outputs of 1x1 to 7x9, whole and partial
// tiles, one and several strips of them; whole and partial groups of channels and panels.
inline std::vector<Conv2dProblem> conv2d_winograd() {
  constexpr Shape kOutputs[] = {{1, 1, 1}, {3, 1, 4}, {1, 2, 2}, {2, 3, 2}, {1, 4, 4},
                                {1, 4, 5}, {2, 5, 3}, {1, 6, 8}, {3, 7, 9}, {1, 8, 4}};
  constexpr std::int64_t kChannels[][2] = {{1, 5},   {3, 16},  {5, 3},   {16, 40},
                                           {33, 17}, {48, 32}, {96, 100}};
  std::vector<Conv2dProblem> problems = {
      {{2, 1}, {1, 40, 72, 1}, 5, 4, 4},    // several strips an image
      {{2, 1}, {1, 16, 120, 3}, 16, 4, 4},  // lines of many tiles
      {{2, 1}, {9, 24, 26, 16}, 20, 4, 4},  // several images a strip
      {{2, 1}, {1, 6, 6, 200}, 130, 4, 4},  // many channels: several slabs, chunks and groups
      {{2, 1}, {70, 4, 4, 20}, 33, 4, 4},
  };
  for (const Shape& y : kOutputs)
    for (const auto& [channels, filters] : kChannels) {
      if (channels * filters > 5000 && y.pixels() > 16) continue;  // the reference takes long
      const bool odd = (y.h + channels) % 2 != 0;  // the last line or column of x is odd
      const bool bias = (y.w + channels) % 3 == 0;
      problems.push_back(
          {{2, 1}, {y.n, 2 * y.h + odd, 2 * y.w + !odd, channels}, filters, 4, 4, bias});
    }
  return problems;
}

// The convolutions of a DAGAN's encoder, outermost first; its decoder's transposed ones are the
// input gradients of the same, the inner ones with twice the channels out.
inline std::vector<Conv2dProblem> conv2d_layers(std::int64_t batch, std::int64_t size,
                                                std::int64_t channels, std::int64_t width) {
  std::vector<Conv2dProblem> layers;
  std::int64_t filters = width;
  for (int level = 0; level < 5; ++level, size /= 2) {
    layers.push_back({{2, 1}, {batch, size, size, channels}, filters, 4, 4});
    channels = filters;
    filters = std::min(8 * width, 2 * filters);
  }
  return layers;
}

}  // namespace dagan::cases
