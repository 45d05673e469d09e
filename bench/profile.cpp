#include "dagan/cli/profile.h"

#include <algorithm>

#include "bench/op_times.h"
#include "core/check.h"
#include "dagan/data/file.h"

namespace dagan {
namespace {

class OpTimesProfile final : public Profile {
 public:
  OpTimesProfile(const Backend& like, const std::filesystem::path& trace)
      : times_(like), file_(trace) {}

  const Backend& backend() const override { return times_.backend(); }
  void report(std::int64_t steps, std::ostream& out) override {
    const std::string trace = times_.trace();
    times_.print(double(std::max<std::int64_t>(1, steps)), out);
    write_file(file_, trace);
  }

 private:
  bench::OpTimes times_;
  std::filesystem::path file_;
};

}  // namespace

std::unique_ptr<Profile> make_profile(const Backend& backend, const std::filesystem::path& trace) {
  const std::filesystem::path folder = std::filesystem::absolute(trace).parent_path();
  check(Fault::output, std::filesystem::is_directory(folder), "--profile ", shown(trace),
        ": there is no folder ", shown(folder));
  check(Fault::usage, backend.runtime.host_memory, "--profile times the kernels of a CPU; for ",
        backend.name, " see ./dev bench step --ops");
  return std::make_unique<OpTimesProfile>(backend, trace);
}

}  // namespace dagan
