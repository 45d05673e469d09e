// Every kernel on the shapes of a model (Google Benchmark), with its share of what the machine can
// do: limit_% is the least possible time (bench/ceilings.h) over the time taken.
#include <benchmark/benchmark.h>
#include <omp.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <iostream>
#include <memory>
#include <set>

#include "bench/ceilings.h"
#include "dagan/model/step.h"
#include "kernels/backend.h"
#include "tests/cases/activation.h"
#include "tests/cases/adam.h"
#include "tests/cases/arithmetic.h"
#include "tests/cases/batch_norm.h"
#include "tests/cases/conv2d.h"
#include "tests/cases/corrupt.h"
#include "tests/cases/image.h"
#include "tests/cases/loss.h"
#include "tests/cases/residual.h"

namespace dagan::bench {
namespace {

using cases::OpCase;

struct Model {
  std::int64_t batch = 16, size = 64, channels = 3, width = 32;
};

void append(std::vector<OpCase>& to, std::vector<OpCase> more) {
  to.insert(to.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

std::vector<OpCase> convolution_cases(const Model& m) {
  std::vector<OpCase> result;
  const auto layers = cases::conv2d_layers(m.batch, m.size, m.channels, m.width);
  for (std::size_t i = 0; i < layers.size(); ++i) {
    cases::Conv2dProblem layer = layers[i];
    append(result, cases::conv2d_passes(layer));
    if (i + 1 == layers.size()) break;
    layer.filters *= 2;  // of the generator's decoder, behind the skip
    append(result, cases::conv2d_passes(layer));
  }
  return result;
}

// What happens to the output of one convolution.
std::vector<OpCase> layer_cases(Shape y) {
  constexpr float kSlope = 0.2f;
  return {cases::batch_norm_statistics_case(y),
          cases::batch_norm_apply_case(y),
          cases::batch_norm_grad_case(y),
          cases::batch_norm_evaluate_case(y),
          cases::leaky_relu_case(y, kSlope),
          cases::leaky_relu_grad_case(y, kSlope),
          cases::channel_sum_case(y)};
}

std::vector<OpCase> image_cases(const Model& m) {
  using cases::ErrorKind;
  const Shape x = {m.batch, m.size, m.size, m.channels}, map = {m.batch, m.size, m.size, 1};
  std::vector<OpCase> result = {
      cases::tanh_case(x),
      cases::tanh_grad_case(x),
      cases::linear_case(x, {.alpha = 0.5f, .beta = 2}, true),
      cases::channel_sum_case(x),
      cases::augment(x, 1, {.seed = 1, .flip_horizontal = true, .shift = 4}),
      cases::corrupt(x, 1, {.seed = 1}),
      cases::pooled_residual(x, 2),
      cases::standardise(map),
      cases::top_mean(map, 0.01f)};
  for (const ErrorKind kind : {ErrorKind::squared, ErrorKind::absolute}) {
    append(result, {cases::error_case(kind, x), cases::error_grad_case(kind, x)});
  }
  const Shape photo = {1, 16 * m.size, 16 * m.size, m.channels};
  for (const DType dtype : {DType::u8, DType::u16}) {
    result.push_back(cases::image_normalise_resize(photo, dtype, m.size, m.size, {0, 255}));
  }
  return result;
}

std::vector<OpCase> update_cases(const Model& m) {
  const TrainingStep step(
      {.architecture = {.size = m.size, .channels = m.channels, .width = m.width}, .batch = 1});
  const std::int64_t size = step.generator().flat().shape().size();
  const AdamHyper averaging = {.average_decay = 0.99f};
  return {cases::all_finite_case(size), cases::adam_case({.size = size}),
          cases::adam_case({.size = size, .hyper = averaging, .averaged = true})};
}

std::vector<OpCase> model_cases(const Model& m) {
  std::vector<OpCase> result = convolution_cases(m);
  for (const auto& layer : cases::conv2d_layers(m.batch, m.size, m.channels, m.width)) {
    append(result, layer_cases(layer.y()));
  }
  append(result, image_cases(m));
  append(result, update_cases(m));
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
  state.counters["limit_%"] = 100 * least_seconds(op.flop, bytes) / seconds;
}

// An exit code, or -1 to go on.
int parse(int argc, char** argv, Model& model) {
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
  Model model;
  benchmark::Initialize(&argc, argv);
  if (const int code = parse(argc, argv, model); code >= 0) return code;
  try {
    std::set<std::string> names;  // layers may share a shape
    for (const OpCase& op : model_cases(model)) {
      if (!names.insert(op.name).second) continue;
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
