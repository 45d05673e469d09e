// The libraries that the kernels are held against: here or not, the program runs.
#include <doctest/doctest.h>

#include <cstdlib>
#include <set>
#include <string>

#include "kernels/backend.h"
#include "kernels/device/cuda_versions.h"
#include "kernels/device/library.h"
#include "kernels/versions.h"
#include "tests/cli_workshop.h"

namespace dagan {
namespace {

TEST_CASE("rivals: a library that is not there says so") {
  Library library({"libno_such_thing.so.1", "libno_such_thing.so"});
  CHECK(library.missing() == "there is no libno_such_thing.so.1 or libno_such_thing.so");
  int (*function)(int) = nullptr;
  library.find("abs", function);
  CHECK((function == nullptr));
}

TEST_CASE("rivals: the symbols of a library that is there can be called") {
  Library library({"libno_such_thing.so", "libc.so.6"});
  int (*function)(int) = nullptr;
  library.find("abs", function);
  REQUIRE_MESSAGE(library.missing().empty(), library.missing());
  CHECK(function(-3) == 3);
  library.find("no_such_function", function);
  CHECK(library.missing() == "it has no no_such_function");
}

TEST_CASE("rivals: each version of a backend has a name of its own and says whether it can run") {
  std::vector<std::vector<KernelVersion>> all = {
      kernel_versions(cpu_backend()), kernel_versions(emulated_backend()), cuda_versions()};
  for (const auto& versions : all) {
    std::set<std::string> names;
    for (const KernelVersion& version : versions) {
      CHECK(names.insert(std::string(version.op) + "=" + version.name).second);
      const char* why = version.missing != nullptr ? version.missing() : nullptr;
      if (why != nullptr) MESSAGE(std::string(version.name), ": ", std::string(why));
      if (!has_cuda() && version.missing != nullptr) CHECK(why != nullptr);
    }
  }
}

TEST_CASE("rivals: the program is linked with none of them") {
  const testing::Outcome outcome = testing::workshop().shell("ldd '" DAGAN_PROGRAM "'");
  if (outcome.code != 0) return;  // no ldd, or a static program
  for (const char* name : {"cudnn", "cublas"}) CHECK(outcome.out.find(name) == std::string::npos);
}

}  // namespace
}  // namespace dagan
