// The random contents of a case's operands; for the checkers only.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "tests/cases/op_case.h"

namespace dagan::cases {

template <class T>
using Tables = std::vector<std::vector<T>>;  // one row of values an operand

// Streams of random numbers: one for each operand and purpose.
enum class Stream : std::uint64_t {
  input = 0,
  output = 100,
  cotangent = 200,
  direction = 300,
  pad = 400
};

std::vector<double> random_values(const Operand&, std::uint64_t seed, Stream, std::size_t index);
Tables<double> random_inputs(const OpCase&, std::uint64_t seed);

template <class T>
Arrays<T> arrays(Tables<T>& tables, const std::vector<Operand>& operands) {
  Arrays<T> result;
  for (std::size_t i = 0; i < operands.size(); ++i)
    result.push_back({tables[i].data(), operands[i].shape});
  return result;
}

std::string position(Shape shape, std::size_t i);  // [n,h,w,c] of element i

}  // namespace dagan::cases
