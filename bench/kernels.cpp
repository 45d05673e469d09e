// Every kernel of the CPU on the shapes of a model (Google Benchmark), with its share of what the
// machine can do: limit_% is the least possible time (bench/ceilings.h) over the time taken.
#include <benchmark/benchmark.h>
#include <omp.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <iostream>
#include <memory>

#include "bench/ceilings.h"
#include "bench/model_cases.h"
#include "core/check.h"
#include "kernels/backend.h"
#include "kernels/versions.h"

namespace dagan::bench {
namespace {

using cases::OpCase;

// Of what stands in the table.
std::vector<OpCase> table_cases(const ModelShape& model) {
  std::vector<OpCase> result;
  for (const std::string& op : op_names())
    for (OpCase& made : model_cases(op, model, table_version(cpu_backend(), op, DType::f32)))
      result.push_back(std::move(made));
  return result;
}

void run(benchmark::State& state, const OpCase& op) {
  // Google Benchmark comes here several times with the same case, and filling its buffers takes
  // long.
  static std::string bound_name;
  static std::unique_ptr<cases::BoundCase> bound;
  if (bound_name != op.name) {
    bound.reset();
    bound = std::make_unique<cases::BoundCase>(op, *cpu_backend().kernels);
    bound_name = op.name;
    bound->run();
  }
  const auto start = std::chrono::steady_clock::now();
  for (auto _ : state) bound->run();
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  const double seconds = elapsed.count() / double(state.iterations());
  const double bytes = bytes_moved(op);
  state.counters["GFLOP/s"] = op.flop / seconds / 1e9;
  state.counters["GB/s"] = bytes / seconds / 1e9;
  state.counters["limit_%"] =
      100 * least_seconds(cpu_backend(), Arithmetic::f32, op.flop, bytes) / seconds;
}

// An exit code, or -1 to go on.
int parse(int argc, char** argv, ModelShape& model) {
  CLI::App app(
      "Times every kernel on the shapes of a model; --benchmark_... is Google Benchmark's.");
  app.option_defaults()->always_capture_default();
  int threads = omp_get_max_threads();
  app.add_option("--size", model.size, "pixels along an edge")->check(CLI::PositiveNumber);
  app.add_option("--channels", model.channels)->check(CLI::IsMember({1, 3}));
  app.add_option("--width", model.width, "channels of the first level")->check(CLI::PositiveNumber);
  app.add_option("--batch", model.batch, "images")->check(CLI::PositiveNumber);
  app.add_option("--threads", threads)->check(CLI::Range(1, 1024));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : int(Fault::usage);
  }
  omp_set_num_threads(threads);
  return -1;
}

}  // namespace
}  // namespace dagan::bench

int main(int argc, char** argv) {
  using namespace dagan::bench;
  using dagan::cases::OpCase;
  ModelShape model;
  benchmark::Initialize(&argc, argv);
  if (const int code = parse(argc, argv, model); code >= 0) return code;
  try {
    for (const OpCase& op : table_cases(model)) {
      benchmark::RegisterBenchmark(op.name.c_str(), run, op)
          ->Unit(benchmark::kMicrosecond)
          ->UseRealTime();
    }
  } catch (const dagan::Error& error) {
    std::cerr << "bench: " << error.what() << "\n";
    return int(error.fault());
  }
  benchmark::RunSpecifiedBenchmarks();
}
