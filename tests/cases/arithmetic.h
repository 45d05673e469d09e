#pragma once
#include <cmath>

#include "core/check.h"
#include "kernels/arithmetic/reference.h"
#include "tests/cases/op_case.h"

namespace dagan::cases {

// `two`: with b.
inline OpCase linear_case(Shape shape, LinearGeometry g, bool two) {
  OpCase op{.name = text("linear ", two ? "a, b " : "a ", shape),
            .inputs = {{.name = "a", .shape = shape}},
            .outputs = {{.name = "y", .shape = shape, .role = Role::summed, .alias = 0}},
            .flop = (two ? 4 : 2) * double(shape.size())};
  if (two) op.inputs.push_back({.name = "b", .shape = shape});
  op.run = [=](const Kernels& k, const Launch& l, const Views& in, const Views& out, Write write) {
    k.linear(l, g, in[0], two ? in[1] : View{}, out[0], write);
  };
  op.reference = [=](const auto& in, const auto& out) {
    reference::linear(g, in[0], two ? in[1] : std::decay_t<decltype(in[0])>{}, out[0]);
  };
  op.gradient = [=](const auto&, const auto&, const auto& dout, const auto& din) {
    reference::linear({.alpha = g.alpha}, dout[0], {}, din[0]);
    if (two) reference::linear({.alpha = g.beta}, dout[0], {}, din[1]);
  };
  const LinearGeometry magnitude{std::abs(g.alpha), std::abs(g.beta), std::abs(g.constant)};
  op.error = rounded_sum(
      [=](const auto& in, const auto& out) {
        reference::linear(magnitude, in[0], two ? in[1] : std::decay_t<decltype(in[0])>{}, out[0]);
      },
      4);
  return op;
}

inline OpCase channel_sum_case(Shape shape) {
  OpCase op{.name = text("channel_sum ", shape),
            .inputs = {{.name = "x", .shape = shape}},
            .outputs = {{.name = "y", .shape = {1, 1, 1, shape.c}, .role = Role::summed}},
            .flop = double(shape.size())};
  op.run = [](const Kernels& k, const Launch& l, const Views& in, const Views& out, Write write) {
    k.channel_sum(l, in[0], out[0], write);
  };
  op.scratch = [=](const Kernels& k) { return k.channel_sum_scratch(shape); };
  op.reference = [](const auto& in, const auto& out) { reference::channel_sum(in[0], out[0]); };
  op.gradient = [](const auto&, const auto&, const auto& dout, const auto& din) {
    for (std::int64_t i = 0; i < din[0].size(); ++i) din[0][i] = dout[0][i % dout[0].size()];
  };
  op.error = rounded_sum(op.reference, 16);
  return op;
}

}  // namespace dagan::cases
