#pragma once
#include "core/check.h"
#include "kernels/activation/reference.h"
#include "tests/cases/op_case.h"

namespace dagan::cases {

inline OpCase leaky_relu_case(Shape shape, float slope) {
  OpCase op{.name = text("leaky_relu ", slope, " ", shape),
            .inputs = {{.name = "x", .shape = shape}},
            .outputs = {{.name = "y", .shape = shape, .alias = 0}},
            .flop = double(shape.size())};
  op.run = [=](const Kernels& k, const Launch& l, const Views& in, const Views& out, Write) {
    k.leaky_relu(l, slope, in[0], out[0]);
  };
  op.reference = [=](const auto& in, const auto& out) {
    reference::leaky_relu(slope, in[0], out[0]);
  };
  op.gradient = [=](const auto&, const auto& out, const auto& dout, const auto& din) {
    reference::leaky_relu_grad(slope, out[0], dout[0], din[0]);
  };
  return op;
}

inline OpCase leaky_relu_grad_case(Shape shape, float slope) {
  OpCase op{.name = text("leaky_relu_grad ", slope, " ", shape),
            .inputs = {{.name = "y", .shape = shape}, {.name = "dy", .shape = shape}},
            .outputs = {{.name = "dx", .shape = shape, .role = Role::summed, .alias = 1}},
            .flop = double(shape.size())};
  op.run = [=](const Kernels& k, const Launch& l, const Views& in, const Views& out, Write write) {
    k.leaky_relu_grad(l, slope, in[0], in[1], out[0], write);
  };
  op.reference = [=](const auto& in, const auto& out) {
    reference::leaky_relu_grad(slope, in[0], in[1], out[0]);
  };
  return op;
}

// From nearly linear to saturated.
inline OpCase tanh_case(Shape shape, double range = 4) {
  OpCase op{.name = text("tanh ", shape),
            .inputs = {{.name = "x", .shape = shape, .values = {-range, range, range / 1000}}},
            .outputs = {{.name = "y", .shape = shape, .alias = 0}},
            .flop = 20 * double(shape.size())};
  op.error = ulps(4);
  op.run = [](const Kernels& k, const Launch& l, const Views& in, const Views& out, Write) {
    k.tanh(l, in[0], out[0]);
  };
  op.reference = [](const auto& in, const auto& out) { reference::tanh(in[0], out[0]); };
  op.gradient = [](const auto&, const auto& out, const auto& dout, const auto& din) {
    reference::tanh_grad(out[0], dout[0], din[0]);
  };
  return op;
}

inline OpCase tanh_grad_case(Shape shape) {
  OpCase op{.name = text("tanh_grad ", shape),
            .inputs = {{.name = "y", .shape = shape}, {.name = "dy", .shape = shape}},
            .outputs = {{.name = "dx", .shape = shape, .role = Role::summed, .alias = 1}},
            .flop = 3 * double(shape.size())};
  op.run = [](const Kernels& k, const Launch& l, const Views& in, const Views& out, Write write) {
    k.tanh_grad(l, in[0], in[1], out[0], write);
  };
  op.reference = [](const auto& in, const auto& out) {
    reference::tanh_grad(in[0], in[1], out[0]);
  };
  return op;
}

}  // namespace dagan::cases
