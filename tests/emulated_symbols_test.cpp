// The emulated kernels are compiled for AVX2. What they share with the rest of the program would be
// compiled for it too, and the linker may take their copy: then no older processor could start it. Nor
// may they share anything with the same kernels compiled by nvcc: those would run instead.
#include <doctest/doctest.h>

#include <sstream>

#include "tests/cli_workshop.h"

namespace dagan::testing {
namespace {

TEST_CASE("emulated kernels share no function with the rest of the program") {
#if defined(__SANITIZE_ADDRESS__) || !defined(__OPTIMIZE__)
  MESSAGE("skipped: without the optimiser, which puts small functions where they are called");
#else
  const fs::path objects = DAGAN_BINARY_DIR "/CMakeFiles/dagan_emulated.dir/generated/emulated";
  const Outcome nm = workshop().shell("nm -C --defined-only '" + objects.string() + "'/*.o");
  if (nm.code != 0) {
    MESSAGE("skipped: no nm, or no objects of this build");
    return;
  }
  const auto belongs_to_kernels = [](const std::string& symbol) {
    for (const char* scope : {"dagan::emulated::", "dagan::gpu::emulated::", "dagan::emulator::"}) {
      if (symbol.find(scope) != std::string::npos) return true;
    }
    return false;
  };
  int shared = 0;
  std::istringstream lines(nm.out);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t space = line.find(' ');
    if (space == std::string::npos || line.size() < space + 3) continue;
    const char kind = line[space + 1];  // W, V and u: the linker takes one of several
    if (kind != 'W' && kind != 'V' && kind != 'u') continue;
    ++shared;
    CHECK_MESSAGE(belongs_to_kernels(line), line);
  }
  CHECK(shared > 0);
#endif
}

}  // namespace
}  // namespace dagan::testing
