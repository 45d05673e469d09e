// Augmentation and damage, for tests and benchmarks.
#pragma once
#include <algorithm>

#include "core/check.h"
#include "kernels/corrupt/reference.h"
#include "tests/cases/op_case.h"

namespace dagan::cases {

// What both have in common: a step, a batch in [-1,1], and a batch of the same shape.
inline OpCase batch_case(const char* name, Shape x, std::uint32_t step) {
  OpCase op;
  op.name = text(name, " ", x, " step ", step);
  op.inputs = {{.name = "step",
                .values = {double(step), double(step)},
                .dtype = DType::u32,
                .sliceable = false,
                .differentiable = false},
               {.name = "x", .shape = x, .sliceable = false, .differentiable = false}};
  op.outputs = {{.name = "y", .shape = x, .sliceable = false, .differentiable = false}};
  return op;
}

inline OpCase augment(Shape x, std::uint32_t step, AugmentGeometry geometry) {
  OpCase op = batch_case("augment", x, step);
  op.run = [=](const Kernels& k, const Launch& launch, const Views& in, const Views& out, Write) {
    k.augment(launch, geometry, in[0], in[1], out[0]);
  };
  op.reference = [=](const auto& in, const auto& out) {
    reference::augment(geometry, step, in[1], out[0]);
  };
  op.error = ulps(0);
  return op;
}

inline OpCase corrupt(Shape x, std::uint32_t step, CorruptGeometry geometry) {
  OpCase op = batch_case("corrupt", x, step);
  op.flop = 40 * double(x.size());
  op.run = [=](const Kernels& k, const Launch& launch, const Views& in, const Views& out, Write) {
    k.corrupt(launch, geometry, in[0], in[1], out[0]);
  };
  op.reference = [=](const auto& in, const auto& out) {
    reference::corrupt(geometry, step, in[1], out[0]);
  };
  // Two roundings: of the shifted brightness (below 2) and of the sum with the noise (below 4).
  op.error = [](const Arrays<double>&, const Arrays<double>&, const Arrays<double>& bound) {
    std::fill_n(bound[0].data, bound[0].size(), 0x1p-24 + 0x1p-23);
  };
  return op;
}

}  // namespace dagan::cases
