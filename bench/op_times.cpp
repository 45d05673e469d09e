#include "bench/op_times.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "core/check.h"
#include "kernels/backend.h"
#include "kernels/kernels.h"

namespace dagan::bench {
namespace {

struct OpTime {
  std::string op;  // kernel and shapes of its first two and last operands
  std::int64_t calls;
  double seconds;
};

std::map<std::string, OpTime>& times() {
  static std::map<std::string, OpTime> made;
  return made;
}

void collect(std::vector<Shape>& shapes, const View& view) {
  if (view) shapes.push_back(view.shape);
}
template <class Other>
void collect(std::vector<Shape>&, const Other&) {}

template <class... A>
std::string describe(const char* name, const A&... arguments) {
  std::vector<Shape> shapes;
  (collect(shapes, arguments), ...);
  std::string result = name;
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    if (i < 2 || i + 1 == shapes.size()) result += text(" ", shapes[i]);
  }
  return result;
}

// Stands in for one entry of the table of kernels.
template <auto kEntry>
struct Timed {
  static inline const char* name;

  template <class... A>
  static void call(A... arguments) {
    const auto start = std::chrono::steady_clock::now();
    (cpu_backend().kernels->*kEntry)(arguments...);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    const std::string op = describe(name, arguments...);
    OpTime& time = times().try_emplace(op, OpTime{op, 0, 0}).first->second;
    ++time.calls;
    time.seconds += seconds.count();
  }
};

template <auto kEntry>
void replace(Kernels& kernels, const char* name) {
  Timed<kEntry>::name = name;
  kernels.*kEntry = Timed<kEntry>::call;
}

Kernels timed_kernels() {
  Kernels k = *cpu_backend().kernels;
  replace<&Kernels::conv2d>(k, "conv2d");
  replace<&Kernels::conv2d_input_grad>(k, "conv2d_input_grad");
  replace<&Kernels::conv2d_filter_grad>(k, "conv2d_filter_grad");
  replace<&Kernels::batch_norm_statistics>(k, "batch_norm_statistics");
  replace<&Kernels::batch_norm>(k, "batch_norm");
  replace<&Kernels::batch_norm_evaluate>(k, "batch_norm_evaluate");
  replace<&Kernels::batch_norm_grad>(k, "batch_norm_grad");
  replace<&Kernels::leaky_relu>(k, "leaky_relu");
  replace<&Kernels::leaky_relu_grad>(k, "leaky_relu_grad");
  replace<&Kernels::tanh>(k, "tanh");
  replace<&Kernels::tanh_grad>(k, "tanh_grad");
  replace<&Kernels::linear>(k, "linear");
  replace<&Kernels::channel_sum>(k, "channel_sum");
  replace<&Kernels::squared_error>(k, "squared_error");
  replace<&Kernels::squared_error_grad>(k, "squared_error_grad");
  replace<&Kernels::all_finite>(k, "all_finite");
  replace<&Kernels::adam>(k, "adam");
  replace<&Kernels::pooled_residual>(k, "pooled_residual");
  replace<&Kernels::top_mean>(k, "top_mean");
  return k;
}

}  // namespace

const Backend& timed_backend() {
  static const Kernels kernels = timed_kernels();
  static const Backend backend = {"cpu, timed", cpu_backend().runtime, &kernels};
  return backend;
}

void print_op_times(double runs, std::ostream& out) {
  std::vector<OpTime> sorted;
  double all = 0, so_far = 0;
  for (auto& [op, time] : std::exchange(times(), {})) {
    all += time.seconds;
    sorted.push_back(std::move(time));
  }
  std::sort(sorted.begin(), sorted.end(),
            [](const OpTime& a, const OpTime& b) { return a.seconds > b.seconds; });
  char line[80];
  std::snprintf(line, sizeof line, "%9s %6s %6s %5s  op\n", "ms", "%", "sum %", "calls");
  out << line;
  for (const OpTime& time : sorted) {
    so_far += time.seconds;
    std::snprintf(line, sizeof line, "%9.3f %6.1f %6.1f %5.0f  ", 1e3 * time.seconds / runs,
                  100 * time.seconds / all, 100 * so_far / all, double(time.calls) / runs);
    out << line << time.op << "\n";
  }
}

}  // namespace dagan::bench
