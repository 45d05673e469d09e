#include "tests/case_values.h"

#include <algorithm>
#include <cmath>

#include "core/check.h"
#include "core/random.h"

namespace dagan::cases {

std::vector<double> random_values(const Operand& operand, std::uint64_t seed, Stream stream,
                                  std::size_t index) {
  const Philox philox{seed};
  const auto [low, high, hole] = operand.values;
  std::vector<double> values(std::size_t(operand.shape.size()));
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto words = philox.words(std::uint64_t(stream) + index, i);
    const bool negative = low < 0 && (high <= 0 || words[0] % 2 == 0);
    const double end = negative ? -low : high;
    const double start = std::min(end, std::max(hole, negative ? -high : low));
    const double magnitude = start + (end - start) * uniform(words[1]);
    values[i] = low == high ? low : negative ? -magnitude : magnitude;
    if (operand.dtype != DType::f32 && operand.dtype != DType::bf16)
      values[i] = std::floor(values[i]);
  }
  return values;
}

Tables<double> random_inputs(const OpCase& op, std::uint64_t seed) {
  Tables<double> inputs;
  for (std::size_t i = 0; i < op.inputs.size(); ++i)
    inputs.push_back(random_values(op.inputs[i], seed, Stream::input, i));
  if (op.prepare) op.prepare(arrays(inputs, op.inputs));
  return inputs;
}

std::string position(Shape shape, std::size_t i) {
  const std::int64_t at = std::int64_t(i), pixel = at / shape.c;
  return text("[", pixel / (shape.h * shape.w), ",", pixel / shape.w % shape.h, ",",
              pixel % shape.w, ",", at % shape.c, "]");
}

}  // namespace dagan::cases
