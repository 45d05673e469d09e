// The residual map and the score, for tests and benchmarks.
#pragma once
#include <cmath>

#include "core/check.h"
#include "kernels/residual/reference.h"
#include "tests/cases/op_case.h"

namespace dagan::cases {

inline OpCase pooled_residual(Shape x, int radius) {
  const Shape map = {x.n, x.h, x.w, 1};
  OpCase op;
  op.name = text("pooled_residual ", x, " radius ", radius);
  op.inputs = {{.name = "x", .shape = x, .differentiable = false},
               {.name = "y", .shape = x, .differentiable = false}};
  op.outputs = {{.name = "map", .shape = map, .sliceable = false, .differentiable = false}};
  op.flop = double(x.pixels()) * (3.0 * double(x.c) + 4.0 * radius + 3.0);
  op.run = [=](const Kernels& k, const Launch& launch, const Views& in, const Views& out, Write) {
    k.pooled_residual(launch, radius, in[0], in[1], out[0]);
  };
  op.scratch = [=](const Kernels& k) { return k.pooled_residual_scratch(x); };
  op.reference = [=](const auto& in, const auto& out) {
    reference::pooled_residual(radius, in[0], in[1], out[0]);
  };
  // A sum of squares: nothing cancels, so the error is relative.
  op.error = [=](const Arrays<double>&, const Arrays<double>& out, const Arrays<double>& bound) {
    const double window = (2.0 * radius + 1) * (2.0 * radius + 1) * double(x.c);
    for (std::int64_t i = 0; i < out[0].size(); ++i)
      bound[0][i] = (4 + std::sqrt(window)) * 0x1p-24 * out[0][i];
  };
  return op;
}

inline OpCase standardise(Shape map) {
  const Shape pixels = {1, map.h, map.w, 1};
  const auto operand = [](const char* name, Shape shape, Values values) {
    return Operand{.name = name,
                   .shape = shape,
                   .values = values,
                   .sliceable = false,
                   .differentiable = false};
  };
  OpCase op;
  op.name = text("standardise ", map);
  op.inputs = {operand("map", map, {0, 1}), operand("mean", pixels, {0, 1}),
               operand("spread", pixels, {0, 1})};
  op.outputs = {operand("out", map, {})};
  op.outputs[0].alias = 0;
  op.flop = 2 * double(map.size());
  op.run = [](const Kernels& k, const Launch& launch, const Views& in, const Views& out, Write) {
    k.standardise(launch, in[0], in[1], in[2], out[0]);
  };
  op.reference = [](const auto& in, const auto& out) {
    reference::standardise(in[0], in[1], in[2], out[0]);
  };
  op.error = ulps(1.5);
  return op;
}

inline OpCase top_mean(Shape map, float fraction) {
  OpCase op;
  op.name = text("top_mean ", map, " fraction ", fraction);
  op.inputs = {{.name = "map", .shape = map, .sliceable = false, .differentiable = false}};
  op.outputs = {
      {.name = "scores", .shape = {map.n, 1, 1, 1}, .sliceable = false, .differentiable = false}};
  op.flop = 5 * double(map.size());
  op.run = [=](const Kernels& k, const Launch& launch, const Views& in, const Views& out, Write) {
    k.top_mean(launch, fraction, in[0], out[0]);
  };
  op.scratch = [=](const Kernels& k) { return k.top_mean_scratch(map); };
  op.reference = [=](const auto& in, const auto& out) {
    reference::top_mean(fraction, in[0], out[0]);
  };
  op.error = ulps(0.51);
  return op;
}

}  // namespace dagan::cases
