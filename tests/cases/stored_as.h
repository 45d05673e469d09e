// A case whose operands are stored in another type than f32.
#pragma once
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

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

}  // namespace dagan::cases
