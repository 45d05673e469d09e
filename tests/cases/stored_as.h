// A case whose operands are stored in another type than f32.
#pragma once
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "core/bf16.h"
#include "core/check.h"
#include "tests/cases/op_case.h"

namespace dagan::cases {

// The operands of these names in bf16. Rounding an output to it adds to the bound.
inline OpCase in_bf16(OpCase op, const std::vector<std::string>& names) {
  std::vector<std::size_t> rounded;
  const auto store = [&](Operand& operand) {
    if (std::find(names.begin(), names.end(), operand.name) == names.end()) return false;
    operand.dtype = DType::bf16;
    op.name += text(" ", operand.name, ":bf16");
    return true;
  };
  for (Operand& input : op.inputs) store(input);
  for (std::size_t i = 0; i < op.outputs.size(); ++i) {
    Operand& out = op.outputs[i];
    if (store(out)) rounded.push_back(i);
    const auto shared = std::size_t(std::max(out.alias, 0));
    if (out.alias >= 0 && op.inputs[shared].dtype != out.dtype) out.alias = -1;
  }
  op.error = [rounded, bound = op.error](const auto& in, const auto& out, const auto& bounds) {
    bound(in, out, bounds);
    for (const std::size_t o : rounded)
      for (std::int64_t i = 0; i < out[o].size(); ++i) bounds[o][i] += 0x1p-8 * std::abs(out[o][i]);
  };
  return op;
}

// That for every selection of these operands but the empty one; names that the case lacks are left
// out.
inline std::vector<OpCase> in_bf16_each(const OpCase& op, const std::vector<std::string>& names) {
  std::vector<std::string> present;
  for (const auto* operands : {&op.inputs, &op.outputs})
    for (const Operand& operand : *operands)
      if (std::find(names.begin(), names.end(), operand.name) != names.end())
        present.push_back(operand.name);
  std::vector<OpCase> all;
  for (unsigned selection = 1; selection < 1u << present.size(); ++selection) {
    std::vector<std::string> selected;
    for (std::size_t i = 0; i < present.size(); ++i)
      if (selection >> i & 1) selected.push_back(present[i]);
    all.push_back(in_bf16(op, selected));
  }
  return all;
}

// A kernel whose operands are partly in bf16 against the same kernel in f32, on inputs that both
// types hold: what it stores in bf16 is what the other stores, rounded; the rest is equal.
inline std::string check_rounding(OpCase op, const Kernels& kernels) {
  const auto round = [](double value) { return double(float(bf16(float(value)))); };
  OpCase wide = op;
  for (auto* operands : {&wide.inputs, &wide.outputs})
    for (Operand& operand : *operands)
      if (operand.dtype == DType::bf16) operand.dtype = DType::f32;
  wide.prepare = [=, prepare = op.prepare](const Arrays<double>& in) {
    if (prepare) prepare(in);
    for (std::size_t i = 0; i < in.size(); ++i)
      for (std::int64_t j = 0; op.inputs[i].dtype == DType::bf16 && j < in[i].size(); ++j)
        in[i][j] = round(in[i][j]);
  };
  for (const bool sliced : {false, true}) {
    BoundCase narrow_run(op, kernels, {.sliced = sliced}),
        wide_run(wide, kernels, {.sliced = sliced});
    narrow_run.run();
    wide_run.run();
    const auto got = narrow_run.outputs(), want = wide_run.outputs();
    for (std::size_t o = 0; o < got.size(); ++o)
      for (std::size_t i = 0; i < got[o].size(); ++i) {
        const bool rounded = op.outputs[o].dtype == DType::bf16;
        const double expected = rounded ? round(want[o][i]) : want[o][i];
        if (got[o][i] != expected)
          return text("[", op.name, "] ", op.outputs[o].name, " element ", i, " is ", got[o][i],
                      "; the kernel in f32 gives ", want[o][i]);
      }
  }
  return {};
}

}  // namespace dagan::cases
