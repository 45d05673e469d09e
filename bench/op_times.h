// Where the time of a program goes, op by op.
#pragma once
#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "core/backend.h"

namespace dagan::bench {

// The same kernels, timed. On a device each runs several times in a row, so that waiting for it
// does not count: what a program computes on it is wrong then.
const Backend& timed_backend(const Backend& like);

struct OpTime {
  std::string op = {};  // the kernel and its operands, as in Call
  std::int64_t calls = 0;
  double seconds = 0;
};

// What has run since the last call of either function, the most expensive first.
std::vector<OpTime> take_op_times();

// The same as a table, per run of the program.
void print_op_times(double runs, std::ostream& out);

}  // namespace dagan::bench
