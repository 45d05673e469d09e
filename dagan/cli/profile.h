// What `dagan train --profile` measures: every kernel of a run. Made by bench/profile.cpp, in a
// build with the benchmarks.
#pragma once
#include <filesystem>
#include <iosfwd>
#include <memory>

#include "core/backend.h"

namespace dagan {

class Profile {
 public:
  virtual ~Profile() = default;
  virtual const Backend& backend() const = 0;  // on which to train; it lives as long as this
  // Prints the time of each op in one of `steps` steps, and writes the calls one by one.
  virtual void report(std::int64_t steps, std::ostream&) = 0;
};

// Throws Fault::usage for a device whose kernels it could only time by running them more than once,
// and Fault::output where there is no folder for the file of the calls.
std::unique_ptr<Profile> make_profile(const Backend&, const std::filesystem::path& trace);

}  // namespace dagan
