#pragma once
#include <cmath>
#include <utility>

#include "core/check.h"
#include "kernels/loss/reference.h"
#include "tests/cases/op_case.h"

namespace dagan::cases {

enum class ErrorKind { squared, absolute };

// a and b on two grids that never meet: |a - b| has a kink.
inline void keep_apart(const Array<double>& a, const Array<double>& b) {
  for (std::int64_t i = 0; i < a.size(); ++i) {
    a[i] = std::round(16 * a[i]) / 16;
    b[i] = (std::floor(16 * b[i]) + 0.5) / 16;
  }
}

inline OpCase error_case(ErrorKind kind, Shape shape) {
  const bool squared = kind == ErrorKind::squared;
  OpCase op{.name = text(squared ? "squared" : "absolute", "_error ", shape),
            .inputs = {{.name = "a", .shape = shape}, {.name = "b", .shape = shape}},
            .outputs = {{.name = "loss"}},
            .flop = 3 * double(shape.size())};
  op.run = [=](const Kernels& k, const Launch& l, const Views& in, const Views& out, Write) {
    (squared ? k.squared_error : k.absolute_error)(l, in[0], in[1], 0, out[0], {}, {});
  };
  op.scratch = [=](const Kernels& k) { return k.error_scratch(shape); };
  op.reference = [=](const auto& in, const auto& out) {
    if (squared)
      reference::squared_error(in[0], in[1], out[0]);
    else
      reference::absolute_error(in[0], in[1], out[0]);
  };
  op.gradient = [=](const auto& in, const auto&, const auto& dout, const auto& din) {
    for (const int i : {0, 1})
      if (squared)
        reference::squared_error_grad(in[i], in[1 - i], dout[0], din[i]);
      else
        reference::absolute_error_grad(in[i], in[1 - i], dout[0], din[i]);
  };
  op.prepare = [](const auto& in) { keep_apart(in[0], in[1]); };
  op.error = ulps(16);
  return op;
}

inline OpCase error_grad_case(ErrorKind kind, Shape shape) {
  const bool squared = kind == ErrorKind::squared;
  OpCase op{
      .name = text(squared ? "squared" : "absolute", "_error_grad ", shape),
      .inputs = {{.name = "a", .shape = shape}, {.name = "b", .shape = shape}, {.name = "dloss"}},
      .outputs = {{.name = "da", .shape = shape, .role = Role::summed}},
      .flop = 3 * double(shape.size())};
  op.run = [=](const Kernels& k, const Launch& l, const Views& in, const Views& out, Write write) {
    (squared ? k.squared_error_grad : k.absolute_error_grad)(l, in[0], in[1], in[2], out[0], write);
  };
  op.reference = [=](const auto& in, const auto& out) {
    if (squared)
      reference::squared_error_grad(in[0], in[1], in[2], out[0]);
    else
      reference::absolute_error_grad(in[0], in[1], in[2], out[0]);
  };
  // Some pairs are equal: sign(0) = 0.
  op.prepare = [](const auto& in) {
    for (std::int64_t i = 2; i < in[0].size(); i += 5) in[0][i] = in[1][i];
  };
  op.error = ulps(3);
  return op;
}

// The loss with the gradients of a and b, where they are wanted.
constexpr std::pair<bool, bool> kWantedGrads[] = {{true, false}, {false, true}, {true, true}};
inline OpCase error_with_grads_case(ErrorKind kind, Shape shape, bool a, bool b) {
  constexpr float kDloss = -1.75f;
  const bool squared = kind == ErrorKind::squared;
  OpCase op = error_grad_case(kind, shape);
  op.name = text(squared ? "squared" : "absolute", "_error with", a ? " da" : "", b ? " db " : " ",
                 shape);
  op.inputs.pop_back();
  op.outputs = {{.name = "loss"}};
  for (const char* name : {"da", "db"})
    if (name[1] == 'a' ? a : b) op.outputs.push_back({.name = name, .shape = shape});
  op.flop = double(3 + a + b) * double(shape.size());
  op.run = [=](const Kernels& k, const Launch& l, const Views& in, const Views& out, Write) {
    (squared ? k.squared_error : k.absolute_error)(l, in[0], in[1], kDloss, out[0],
                                                   a ? out[1] : View{}, b ? out.back() : View{});
  };
  op.scratch = [=](const Kernels& k) { return k.error_scratch(shape); };
  op.reference = [=](const auto& in, const auto& out) {
    auto number = in[0][0] * 0.0 + double(kDloss);
    const std::decay_t<decltype(in[0])> dloss{&number, {}};
    const auto grad = [&](int i, const auto& to) {
      if (squared)
        reference::squared_error_grad(in[i], in[1 - i], dloss, to);
      else
        reference::absolute_error_grad(in[i], in[1 - i], dloss, to);
    };
    if (squared)
      reference::squared_error(in[0], in[1], out[0]);
    else
      reference::absolute_error(in[0], in[1], out[0]);
    if (a) grad(0, out[1]);
    if (b) grad(1, out.back());
  };
  op.error = ulps(16);
  return op;
}

}  // namespace dagan::cases
