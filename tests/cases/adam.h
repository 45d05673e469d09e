#pragma once
#include <algorithm>
#include <cmath>

#include "core/check.h"
#include "kernels/adam/reference.h"
#include "tests/cases/op_case.h"

namespace dagan::cases {

inline OpCase all_finite_case(std::int64_t size) {
  OpCase op{.name = text("all_finite ", size),
            .inputs = {{.name = "x", .shape = {1, 1, 1, size}}},
            .outputs = {{.name = "finite", .dtype = DType::u32}},
            .flop = double(size)};
  op.run = [](const Kernels& k, const Launch& l, const Views& in, const Views& out, Write) {
    k.all_finite(l, in[0], out[0]);
  };
  op.reference = [](const Arrays<double>& in, const Arrays<double>& out) {
    reference::all_finite(in[0], out[0]);
  };
  op.error = ulps(0);
  return op;
}

struct AdamRun {
  std::int64_t size = 1;
  AdamHyper hyper = {};
  double step = 0;
  bool averaged = false, finite = true, shadowed = false;
};

inline OpCase adam_case(AdamRun run) {
  const Shape flat{1, 1, 1, run.size};
  OpCase op{
      .name = text("adam ", run.size, " step ", run.step, run.averaged ? " averaged" : "",
                   run.shadowed ? " shadowed" : ""),
      .inputs = {{.name = "dp", .shape = flat},
                 {.name = "step", .values = {run.step, run.step}, .dtype = DType::u32},
                 {.name = "learning_rate", .values = {1e-3, 1e-3}},
                 {.name = "finite",
                  .values = {double(run.finite), double(run.finite)},
                  .dtype = DType::u32}},
      .outputs = {{.name = "p", .shape = flat, .role = Role::updated},
                  {.name = "m", .shape = flat, .role = Role::updated},
                  {.name = "v", .shape = flat, .values = {1e-4, 1, 1e-4}, .role = Role::updated}},
      .flop = (run.averaged ? 17 : 14) * double(run.size)};
  if (run.averaged) op.outputs.push_back({.name = "average", .shape = flat, .role = Role::updated});
  // The shadow as the bits of its bf16.
  if (run.shadowed)
    op.outputs.push_back({.name = "shadow",
                          .shape = flat,
                          .values = {0, 65535, 0},
                          .dtype = DType::u16,
                          .role = Role::updated});
  op.run = [=](const Kernels& k, const Launch& l, const Views& in, const Views& out, Write) {
    k.adam(l, run.hyper, in[0], in[1], in[2], in[3], out[0], out[1], out[2],
           run.averaged ? out[3] : View{},
           run.shadowed ? view_of(out.back().data, flat, DType::bf16) : View{});
  };
  op.reference = [=](const Arrays<double>& in, const Arrays<double>& out) {
    reference::adam(run.hyper, in[0], in[1], in[2], in[3], out[0], out[1], out[2],
                    run.averaged ? out[3] : Array<double>{},
                    run.shadowed ? out.back() : Array<double>{});
    if (!run.shadowed || !run.finite) return;
    for (std::int64_t i = 0; i < run.size; ++i) out.back()[i] = bf16(float(out.back()[i])).bits;
  };
  // Values stay below 1; the change of p may be a multiple of the learning rate.
  op.error = [=](const auto&, const auto& out, const auto& bound) {
    for (std::size_t o = 0; o < out.size(); ++o)
      for (std::int64_t i = 0; i < out[o].size(); ++i)
        bound[o][i] = 0x1p-22 * (std::abs(out[o][i]) + (o == 2 ? 0 : 0.1));
    // A p that is off by one may round to the neighbour.
    if (run.shadowed) std::fill_n(bound.back().data, run.size, 1.0);
  };
  if (!run.finite) op.error = ulps(0);
  return op;
}

}  // namespace dagan::cases
