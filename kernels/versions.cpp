#include "kernels/versions.h"

#include <memory>
#include <set>
#include <string_view>

#include "core/check.h"
#include "kernels/backend.h"
#include "kernels/device/cuda_versions.h"

namespace dagan {
namespace emulated {
extern const KernelVersions conv2d_versions, batch_norm_versions;
}

namespace {

// Calls f(pointer to the entry) for every entry of an op that has versions.
template <class F>
void for_each_entry(F f) {
  const auto all = [&](auto... entries) { (f(entries), ...); };
  all(&Kernels::conv2d, &Kernels::conv2d_input_grad, &Kernels::conv2d_filter_grad,
      &Kernels::conv2d_scratch, &Kernels::conv2d_pack, &Kernels::conv2d_packed,
      &Kernels::conv2d_packed_bytes, &Kernels::batch_norm_statistics, &Kernels::batch_norm,
      &Kernels::batch_norm_evaluate, &Kernels::batch_norm_grad, &Kernels::batch_norm_scratch);
}

void append(std::vector<KernelVersion>& to, const KernelVersions& more) {
  to.insert(to.end(), more.begin(), more.end());
}

KernelVersion find(const Backend& backend, const std::string& choice) {
  const std::size_t equals = choice.find('=');
  check(Fault::usage, equals != std::string::npos, "--kernel ", choice, ": expected OP=NAME");
  const std::string op = choice.substr(0, equals), name = choice.substr(equals + 1);
  std::string known;
  for (const KernelVersion& version : kernel_versions(backend)) {
    if (op == version.op && name == version.name) {
      const char* missing = version.missing != nullptr ? version.missing() : nullptr;
      check(Fault::device, missing == nullptr, "--kernel ", choice, ": ", missing ? missing : "");
      return version;
    }
    known += text(known.empty() ? "" : ", ", version.op, "=", version.name);
  }
  fail(Fault::usage, "--kernel ", choice, ": on ", backend.name, " there are ", known);
}

}  // namespace

std::vector<KernelVersion> kernel_versions(const Backend& backend) {
  const std::string_view name = backend.name;
  std::vector<KernelVersion> all;
  if (name == "cuda") return cuda_versions();
  const bool cpu = name == "cpu";
  append(all, cpu ? cpu::conv2d_versions : emulated::conv2d_versions);
  append(all, cpu ? cpu::batch_norm_versions : emulated::batch_norm_versions);
  return all;
}

KernelVersion table_version(const Backend& backend, const std::string& op, DType activations) {
  for (const KernelVersion& version : kernel_versions(backend))
    if (op == version.op && version.in_table && version.dtype == activations) return version;
  return {.op = "",
          .name = "table",
          .entries = *backend.kernels,
          .in_table = true,
          .dtype = activations};
}

void replace(Kernels& table, const KernelVersion& version) {
  // Evaluation should run the version too.
  if (version.entries.conv2d && !version.entries.conv2d_packed) table.conv2d_packed = nullptr;
  for_each_entry([&](auto entry) {
    if (version.entries.*entry != nullptr) table.*entry = version.entries.*entry;
  });
}

const Backend& backend_with(const Backend& backend, const std::vector<std::string>& choices,
                            DType activations) {
  struct Changed {
    Kernels kernels;
    Backend backend;
  };
  static std::vector<std::unique_ptr<Changed>> made;  // what was returned stays
  if (choices.empty()) return backend;
  auto changed = std::make_unique<Changed>(*backend.kernels, backend);
  std::set<std::string> ops;
  for (const std::string& choice : choices) {
    const KernelVersion version = find(backend, choice);
    check(Fault::usage, ops.insert(version.op).second, "--kernel ", choice, ": ", version.op,
          " has been chosen already");
    check(Fault::usage, version.dtype == activations || version.any_dtype, "--kernel ", choice,
          ": runs on activations of ", version.dtype, ", and these are ", activations,
          "; see train.precision");
    replace(changed->kernels, version);
  }
  changed->backend.kernels = &changed->kernels;
  return made.emplace_back(std::move(changed))->backend;
}

}  // namespace dagan
