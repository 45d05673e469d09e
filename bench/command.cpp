// dagan bench: how right and how fast the versions of the kernels are.
#include <cmath>
#include <iostream>

#include "bench/ops_text.h"
#include "core/check.h"
#include "dagan/cli/commands.h"
#include "dagan/cli/options.h"
#include "dagan/data/file.h"
#include "kernels/backend.h"

namespace dagan {

int run_bench(const Arguments& arguments) {
  constexpr std::uintmax_t kLongestReport = 16 << 20;
  const Backend& backend = backend_named(arguments.text("--device"));
  const auto positive = [&](const char* name) {
    const std::int64_t value = arguments.count(name);
    check(Fault::usage, value > 0 && value <= 4096, name, " ", value, ": expected 1 to 4096");
    return value;
  };
  const std::int64_t size = arguments.count("--size");
  check(Fault::usage, size > 0 && size % 32 == 0 && size <= 4096, "--size ", size,
        ": expected a multiple of 32, since five levels halve it, up to 4096");
  const double seconds = arguments.number("--seconds");
  check(Fault::usage, std::isfinite(seconds) && seconds >= 0, "--seconds ",
        arguments.text("--seconds"), ": expected 0 or more");
  bench::OpsRequest request = {.backend = &backend,
                               .ops = arguments.list("--op"),
                               .impl = arguments.text("--impl"),
                               .model = {.batch = positive("--batch"),
                                         .size = size,
                                         .channels = positive("--channels"),
                                         .width = positive("--width")},
                               .verify = arguments.has("--verify"),
                               .seconds = seconds};
  // Its time says nothing about a GPU, so what is left is whether it is right.
  if (std::string_view(backend.name) == "emulated") request.timed = false, request.verify = true;
  bench::Earlier earlier;
  if (arguments.has("--compare")) {
    const std::string file = arguments.text("--compare");
    const auto bytes = read_file(file, kLongestReport);
    earlier = bench::parse_earlier({reinterpret_cast<const char*>(bytes.data()), bytes.size()},
                                   shown(file), backend.name);
  }
  const bool quiet = arguments.has("--quiet");
  const bench::OpsReport report = bench::measure_ops(request, [&](const std::string& problem) {
    if (!quiet) std::cerr << problem << "\n";
  });
  std::cout << bench::ops_text(request, report, earlier, arguments.text("--format"));
  if (!quiet)
    for (const std::string& missing : report.missing) std::cerr << "not here: " << missing << "\n";
  int wrong = 0;
  for (const bench::OpResult& result : report.results) {
    if (result.failure.empty()) continue;
    ++wrong;
    std::cerr << "wrong: " << result.version << " " << result.failure << "\n";
  }
  return wrong > 0 ? int(Fault::gate) : 0;
}

}  // namespace dagan
