#pragma once
#include <cmath>

#include "core/check.h"
#include "kernels/batch_norm/reference.h"
#include "tests/cases/op_case.h"

namespace dagan::cases {

inline Operand per_channel(const char* name, Shape x, Values values = {}) {
  return {.name = name, .shape = {1, 1, 1, x.c}, .values = values};
}

// `offset`: the mean of x, in its standard deviations (about): where careless sums lose their
// digits.
inline OpCase batch_norm_statistics_case(Shape shape, double offset = 0) {
  const BatchNormGeometry g;
  const Values running{.low = 0.5, .high = 2};
  OpCase op{.name = text("batch_norm_statistics ", shape),
            .inputs = {{.name = "x", .shape = shape}},
            .outputs = {per_channel("mean", shape), per_channel("rstd", shape),
                        per_channel("running_mean", shape, running),
                        per_channel("running_var", shape, running)},
            .flop = 4 * double(shape.size())};
  op.outputs[2].role = op.outputs[3].role = Role::updated;
  op.prepare = [=](const auto& in) {
    for (std::int64_t i = 0; i < in[0].size(); ++i) in[0][i] += 0.6 * offset;
  };
  op.run = [=](const Kernels& k, const Launch& l, const Views& in, const Views& out, Write) {
    k.batch_norm_statistics(l, g, in[0], out[0], out[1], out[2], out[3]);
  };
  op.scratch = [=](const Kernels& k) { return k.batch_norm_scratch(shape); };
  op.reference = [=](const auto& in, const auto& out) {
    reference::batch_norm_statistics(g, in[0], out[0], out[1], out[2], out[3]);
  };
  op.error = [=](const auto& in, const auto& out, const auto& bound) {
    for (std::int64_t c = 0; c < shape.c; ++c) {
      double magnitude = 0;
      for (std::int64_t i = c; i < in[0].size(); i += shape.c) magnitude += std::abs(in[0][i]);
      magnitude /= double(shape.pixels());
      bound[0][c] = 0x1.8p-23 * magnitude;
      bound[1][c] = 0x1p-20 * out[1][c];
      bound[2][c] = 0x1p-23 * (magnitude + std::abs(out[2][c]));
      bound[3][c] = 0x1p-20 * out[3][c];
    }
  };
  return op;
}

inline std::string slope_text(float slope) { return slope == 1 ? "" : text(" slope ", slope); }

// Moves those x at which z = gamma * (x - mean) * rstd + beta is near 0: there the gradient jumps.
inline void avoid_kink(Array<double> x, Array<double> mean, Array<double> rstd, Array<double> gamma,
                       Array<double> beta) {
  for (std::int64_t i = 0; i < x.size(); ++i) {
    const std::int64_t c = i % x.shape.c;
    const double factor = gamma[c] * rstd[c];
    if (std::abs(factor * (x[i] - mean[c]) + beta[c]) < 0.05) x[i] += 0.1 / factor;
  }
}

// The whole forward op, for its gradient.
inline OpCase batch_norm_case(Shape shape, float slope = 1) {
  const BatchNormGeometry g;
  OpCase op{.name = text("batch_norm ", shape, slope_text(slope)),
            .inputs = {{.name = "x", .shape = shape},
                       per_channel("gamma", shape),
                       per_channel("beta", shape)},
            .outputs = {{.name = "y", .shape = shape},
                        per_channel("mean", shape),
                        per_channel("rstd", shape),
                        per_channel("running_mean", shape),
                        per_channel("running_var", shape)}};
  for (std::size_t i = 1; i < op.outputs.size(); ++i) op.outputs[i].differentiable = false;
  op.outputs[3].role = op.outputs[4].role = Role::updated;
  op.reference = [=](const auto& in, const auto& out) {
    reference::batch_norm_statistics(g, in[0], out[1], out[2], out[3], out[4]);
    reference::batch_norm(in[0], out[1], out[2], in[1], in[2], slope, out[0]);
  };
  op.gradient = [=](const auto& in, const auto& out, const auto& dout, const auto& din) {
    reference::batch_norm_grad(dout[0], in[0], out[1], out[2], in[1], in[2], slope, din[0], din[1],
                               din[2]);
  };
  return op;
}

// |gamma * (x - mean) * rstd| + |beta|, in[3] and in[4] being gamma and beta.
inline ErrorBound normalised_error(Shape shape, double (*rstd)(double)) {
  return [=](const auto& in, const auto&, const auto& bound) {
    for (std::int64_t i = 0; i < shape.size(); ++i) {
      const std::int64_t c = i % shape.c;
      const double h = (in[0][i] - in[1][c]) * rstd(in[2][c]);
      bound[0][i] = 0x1p-22 * (std::abs(in[3][c] * h) + std::abs(in[4][c]));
    }
  };
}

inline OpCase batch_norm_apply_case(Shape shape, float slope = 1) {
  OpCase op{.name = text("batch_norm_apply ", shape, slope_text(slope)),
            .inputs = {{.name = "x", .shape = shape},
                       per_channel("mean", shape),
                       per_channel("rstd", shape, {.low = 0.2, .high = 3}),
                       per_channel("gamma", shape),
                       per_channel("beta", shape)},
            .outputs = {{.name = "y", .shape = shape, .alias = 0}},
            .flop = (slope == 1 ? 2 : 3) * double(shape.size())};
  op.run = [=](const Kernels& k, const Launch& l, const Views& in, const Views& out, Write) {
    k.batch_norm(l, in[0], in[1], in[2], in[3], in[4], slope, out[0]);
  };
  op.reference = [=](const auto& in, const auto& out) {
    reference::batch_norm(in[0], in[1], in[2], in[3], in[4], slope, out[0]);
  };
  op.error = normalised_error(shape, [](double rstd) { return rstd; });
  return op;
}

inline OpCase batch_norm_evaluate_case(Shape shape, float slope = 1) {
  const BatchNormGeometry g;
  OpCase op = batch_norm_apply_case(shape, slope);
  op.name = text("batch_norm_evaluate ", shape, slope_text(slope));
  op.inputs[1].name = "running_mean";
  op.inputs[2] = per_channel("running_var", shape, {.low = 0, .high = 3, .hole = 1e-3});
  op.run = [=](const Kernels& k, const Launch& l, const Views& in, const Views& out, Write) {
    k.batch_norm_evaluate(l, g, in[0], in[1], in[2], in[3], in[4], slope, out[0]);
  };
  op.reference = [=](const auto& in, const auto& out) {
    reference::batch_norm_evaluate(g, in[0], in[1], in[2], in[3], in[4], slope, out[0]);
  };
  op.error = normalised_error(shape, [](double var) { return 1 / std::sqrt(var + 1e-5); });
  return op;
}

// The two writes are independent: here dx is summed as Write says, the rest only if
// `sum_parameters`.
inline OpCase batch_norm_grad_case(Shape shape, bool sum_parameters = true, float slope = 1) {
  OpCase op{.name = text("batch_norm_grad ", shape, slope_text(slope)),
            .inputs = {{.name = "dy", .shape = shape},
                       {.name = "x", .shape = shape},
                       per_channel("mean", shape),
                       per_channel("rstd", shape, {.low = 0.2, .high = 3}),
                       per_channel("gamma", shape),
                       per_channel("beta", shape)},
            .outputs = {{.name = "dx", .shape = shape, .role = Role::summed, .alias = 0},
                        per_channel("dgamma", shape),
                        per_channel("dbeta", shape)},
            .flop = (slope == 1 ? 10 : 14) * double(shape.size())};
  if (sum_parameters) op.outputs[1].role = op.outputs[2].role = Role::summed;
  op.run = [=](const Kernels& k, const Launch& l, const Views& in, const Views& out, Write write) {
    k.batch_norm_grad(l, in[0], in[1], in[2], in[3], in[4], in[5], slope, out[0], out[1], out[2],
                      write, sum_parameters ? write : Write::overwrite);
  };
  if (slope != 1)
    op.prepare = [](const auto& in) { avoid_kink(in[1], in[2], in[3], in[4], in[5]); };
  op.scratch = [=](const Kernels& k) { return k.batch_norm_scratch(shape); };
  op.reference = [=](const auto& in, const auto& out) {
    reference::batch_norm_grad(in[0], in[1], in[2], in[3], in[4], in[5], slope, out[0], out[1],
                               out[2]);
  };
  op.error = [=](const auto& in, const auto&, const auto& bound) {
    const double pixels = double(shape.pixels());
    const auto h = [&](std::int64_t i) {
      return std::abs((in[1][i] - in[2][i % shape.c]) * in[3][i % shape.c]);
    };
    for (std::int64_t c = 0; c < shape.c; ++c) {
      double sum = 0, product = 0;
      for (std::int64_t i = c; i < shape.size(); i += shape.c) {
        sum += std::abs(in[0][i]);
        product += std::abs(in[0][i]) * h(i);
      }
      bound[1][c] = 0x1p-21 * product;
      bound[2][c] = 0x1p-21 * sum;
      for (std::int64_t i = c; i < shape.size(); i += shape.c)
        bound[0][i] = 0x1p-21 * std::abs(in[4][c]) * in[3][c] *
                      (std::abs(in[0][i]) + sum / pixels + h(i) * product / pixels);
    }
  };
  return op;
}

}  // namespace dagan::cases
