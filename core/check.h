// Errors: one line that says what, where and how to fix it, and the exit code that belongs to it.
#pragma once
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>

#include "core/view.h"

namespace dagan {

// The program's exit codes. 0 is success; 130 and 143 are an interrupted run.
enum class Fault : int {
  bug = 1,
  usage = 2,
  data = 3,
  model = 4,
  device = 5,
  output = 6,
  health = 7,
  gate = 8,
};

class Error : public std::runtime_error {
 public:
  Error(Fault fault, const std::string& message) : std::runtime_error(message), fault_(fault) {}
  Fault fault() const { return fault_; }

 private:
  Fault fault_;
};

// The parts of a message, written one after the other: text("size ", 3, " of ", shape).
template <class... Parts>
std::string text(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return std::move(out).str();
}

template <class... Parts>
[[noreturn]] void fail(Fault fault, const Parts&... parts) {
  throw Error(fault, text(parts...));
}

// Checks an assumption about the caller; the message is only put together when it does not hold.
template <class... Parts>
void check(bool holds, const Parts&... parts) {
  if (!holds) [[unlikely]]
    fail(Fault::bug, parts...);
}

template <class... Parts>
void check(Fault fault, bool holds, const Parts&... parts) {
  if (!holds) [[unlikely]]
    fail(fault, parts...);
}

}  // namespace dagan
