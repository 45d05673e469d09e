#include "bench/ops.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <utility>

#include "bench/ceilings.h"
#include "core/check.h"
#include "kernels/versions.h"

namespace dagan::bench {
namespace {

using cases::BoundCase, cases::OpCase;

Arithmetic arithmetic_of(const KernelVersion& version) {
  if (version.dtype == DType::bf16) return Arithmetic::bf16;
  return version.products == Products::tf32 ? Arithmetic::tf32 : Arithmetic::f32;
}

// One version on one problem.
struct Contender {
  KernelVersion version;
  std::unique_ptr<Kernels> kernels;
  OpCase op;
  OpResult result;
  std::unique_ptr<BoundCase> bound = {};
  int runs = 1;  // in one measurement
  std::vector<double> seconds = {};
};

std::string without_type(std::string name) {
  const std::size_t at = name.find(" bf16");
  return at == std::string::npos ? name : name.erase(at, 5);
}

// Those that the request asks for, without the ones that are missing here.
std::vector<KernelVersion> versions_of(const OpsRequest& request, const std::string& op,
                                       std::vector<std::string>& missing) {
  const std::vector<KernelVersion> all = kernel_versions(*request.backend);
  std::vector<KernelVersion> chosen;
  for (const KernelVersion& version : all) {
    const bool wanted = request.impl == "all" || request.impl == version.name ||
                        (request.impl == "table" && version.in_table);
    if (op != version.op || !wanted) continue;
    const char* const why = version.missing != nullptr ? version.missing() : nullptr;
    if (why == nullptr)
      chosen.push_back(version);
    else
      missing.push_back(text(op, " ", version.name, ": ", why));
  }
  const bool has_versions =
      std::any_of(all.begin(), all.end(), [&](const auto& version) { return op == version.op; });
  if (!has_versions && (request.impl == "all" || request.impl == "table"))
    chosen.push_back(table_version(*request.backend, op, DType::f32));
  return chosen;
}

void check_request(const OpsRequest& request) {
  const auto& known = op_names();
  for (const std::string& op : request.ops) {
    std::string names;
    for (const std::string& name : known) names += (names.empty() ? "" : ", ") + name;
    check(Fault::usage, std::find(known.begin(), known.end(), op) != known.end(), "--op ", op,
          ": expected one of ", names);
  }
  if (request.impl == "all" || request.impl == "table") return;
  std::string names = "table, all";
  for (const KernelVersion& version : kernel_versions(*request.backend)) {
    const bool of_op = request.ops.empty() || std::count(request.ops.begin(), request.ops.end(),
                                                         std::string(version.op)) > 0;
    if (!of_op) continue;
    if (request.impl == version.name) return;
    const std::string name = text(", ", version.name);
    if (names.find(name) == std::string::npos) names += name;
  }
  fail(Fault::usage, "--impl ", request.impl, ": expected one of ", names);
}

double seconds_of(const Runtime& runtime, BoundCase& bound, int runs) {
  const auto start = std::chrono::steady_clock::now();
  bound.run(runs);
  runtime.synchronise();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() / runs;
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + std::ptrdiff_t(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// Takes those out of the group for which `work` finds that they cannot run on this problem: a
// library need not have an algorithm for it.
template <class Work>
void drop_unable(std::vector<Contender*>& group, std::vector<std::string>& missing, Work work) {
  std::erase_if(group, [&](Contender* c) {
    try {
      work(*c);
      return false;
    } catch (const Error& error) {
      if (error.fault() == Fault::bug || c->version.missing == nullptr) throw;
      missing.push_back(text(c->result.version, ", ", c->result.problem, ": ", error.what()));
      return true;
    }
  });
}

void verify(Contender& c, const Runtime& runtime) {
  BoundCase bound(c.op, *c.kernels, runtime);
  bound.run();
  c.result.failure = bound.compare();
  c.result.verified = true;
  c.result.error = bound.deviation().relative;
}

// The versions of one problem take turns, so that what else the machine does meets all of them.
void time_in_turn(std::vector<Contender*>& group, const OpsRequest& request) {
  constexpr int kRounds = 9;
  const Runtime& runtime = request.backend->runtime;
  for (Contender* c : group) {
    c->bound = std::make_unique<BoundCase>(c->op, *c->kernels, runtime);
    seconds_of(runtime, *c->bound, 1);  // loads code and data
    const double once = seconds_of(runtime, *c->bound, 1);
    c->runs = int(std::clamp(request.seconds / kRounds / once, 1.0, 1e6));
    seconds_of(runtime, *c->bound, c->runs);  // on a GPU: not yet as a graph
    seconds_of(runtime, *c->bound, c->runs);
  }
  for (int round = 0; round < kRounds; ++round)
    for (Contender* c : group) c->seconds.push_back(seconds_of(runtime, *c->bound, c->runs));
  const auto table = std::find_if(group.begin(), group.end(),
                                  [](const Contender* c) { return c->result.in_table; });
  for (Contender* c : group) {
    c->bound.reset();
    c->result.seconds = median(c->seconds);
    c->result.least_seconds =
        least_seconds(*request.backend, arithmetic_of(c->version), c->result.flop, c->result.bytes);
    if (table == group.end()) continue;
    std::vector<double> ratios;
    for (int round = 0; round < kRounds; ++round)
      ratios.push_back((*table)->seconds[std::size_t(round)] / c->seconds[std::size_t(round)]);
    c->result.speedup = median(ratios);
  }
}

std::vector<Contender> contenders(const OpsRequest& request, const std::string& op,
                                  std::vector<std::string>& missing) {
  std::vector<Contender> all;
  for (const KernelVersion& version : versions_of(request, op, missing)) {
    for (OpCase& made : model_cases(op, request.model, version)) {
      auto kernels = std::make_unique<Kernels>(*request.backend->kernels);
      replace(*kernels, version);
      OpResult result = {.op = op,
                         .version = version.name,
                         .problem = without_type(made.name),
                         .in_table = version.in_table,
                         .flop = made.flop,
                         .bytes = bytes_moved(made)};
      all.push_back({version, std::move(kernels), std::move(made), std::move(result)});
    }
  }
  return all;
}

}  // namespace

OpsReport measure_ops(const OpsRequest& request,
                      const std::function<void(const std::string&)>& progress) {
  check_request(request);
  OpsReport report;
  for (const std::string& op : request.ops.empty() ? op_names() : request.ops) {
    std::vector<Contender> all = contenders(request, op, report.missing);
    std::vector<std::string> problems;  // in the order of the first version
    std::map<std::string, std::vector<Contender*>> groups;
    for (Contender& c : all) {
      auto& group = groups[c.result.problem];
      if (group.empty()) problems.push_back(c.result.problem);
      group.push_back(&c);
    }
    for (const std::string& problem : problems) {
      progress(problem);
      auto& group = groups[problem];
      drop_unable(group, report.missing, [&](Contender& c) {
        if (c.version.missing != nullptr)
          BoundCase(c.op, *c.kernels, request.backend->runtime).run();
        if (request.verify) verify(c, request.backend->runtime);
      });
      if (request.timed) time_in_turn(group, request);
      for (Contender* c : group) report.results.push_back(std::move(c->result));
    }
  }
  return report;
}

}  // namespace dagan::bench
