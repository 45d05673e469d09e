// How long a training step should take on a GPU: every kernel of it is executed by the emulator,
// which counts what it asks of memory, and the slowest part of the machine decides (a roofline with
// four roofs). It knows nothing of latency, of the compiler's code or of what stays in the cache
// from one kernel to the next: an estimate. ./dev gpu prints the measurement beside it.
#include <algorithm>
#include <cstdio>
#include <map>
#include <utility>
#include <vector>

#include "bench/harness.h"
#include "bench/op_times.h"
#include "bench/watched.h"
#include "core/check.h"
#include "dagan/model/step.h"
#include "kernels/backend.h"
#include "kernels/emulator/counters.h"
#include "kernels/kernels.h"

namespace dagan {
namespace checked {
extern const Kernels kernels;
}

namespace bench {
namespace {

struct Gpu {
  const char* name;
  double f32_flop_s, bf16_flop_s;        // of fused multiply-adds; of mma.sync
  double memory_bytes_s, cache_bytes_s;  // HBM; the second-level cache
  double shared_passes_s;                // 32 words each
  double multiprocessors, launch_s;      // launch_s: between two kernels of a graph
};

// SXM5. Arithmetic and shared memory: 132 multiprocessors at 1.755 GHz, 128 multiply-adds, one pass
// and, of the 4096 operations a cycle of the tensor cores, the 63 % that mma.sync reaches there.
// Memory: nine tenths of 3.35 TB/s. Cache: 5.5 TB/s, as measured by others.
constexpr Gpu kH100 = {
    "H100", 132 * 1.755e9 * 256, 0.63 * 132 * 1.755e9 * 4096, 3.0e12, 5.5e12, 132 * 1.755e9, 132,
    1.5e-6};

struct Prediction {
  std::string op;
  std::int64_t calls = 0;
  double flop = 0, bytes = 0, seconds = 0;
  double launches = 0, requested = 0, ideal = 0, passes = 0;  // requested: bytes of sectors
  const char* bound = "";
};

// The part of the machine's multiprocessors that have a block.
double share(const Gpu& gpu, std::int64_t blocks) {
  return std::min(1.0, double(blocks) / gpu.multiprocessors);
}

void predict(const Gpu& gpu, const Call& call, const emulator::AccessCounters& counters,
             Prediction& p) {
  double cache_s = 0, shared_s = 0;
  const auto launches = counters.launches();
  std::int64_t most_blocks = 0;
  for (const emulator::AccessTotals& launch : launches) {
    const double busy = share(gpu, launch.blocks);
    cache_s += 32.0 * double(launch.global.sectors) / (gpu.cache_bytes_s * busy);
    shared_s += double(launch.shared.passes) / (gpu.shared_passes_s * busy);
    p.requested += 32.0 * double(launch.global.sectors);
    p.ideal += 32.0 * double(launch.global.ideal_sectors);
    p.passes += double(launch.shared.passes);
    most_blocks = std::max(most_blocks, launch.blocks);
  }
  const double launch_s = gpu.launch_s * double(launches.size());
  const double rate = call.bf16 ? gpu.bf16_flop_s : gpu.f32_flop_s;
  const std::pair<double, const char*> parts[] = {
      {call.flop / (rate * share(gpu, most_blocks)), "arithmetic"},
      {call.bytes / gpu.memory_bytes_s, "memory"},
      {cache_s, "cache"},
      {shared_s, "shared memory"}};
  const auto slowest = std::max_element(std::begin(parts), std::end(parts));
  p.seconds += launch_s + slowest->first;
  p.bound = slowest->first > launch_s ? slowest->second : "launch";
  p.calls += 1;
  p.launches += double(launches.size());
  p.flop += call.flop;
  p.bytes += call.bytes;
}

// One training step on kernels that `backend` has; what it computes need not be right.
void run_step(const Backend& backend, const Settings& s) {
  const TrainingStep step({.architecture = s.architecture,
                           .batch = s.batch,
                           .discriminator = s.discriminator,
                           .activations = s.activations});
  Store store(backend.runtime);
  step.initialise(store, 0, 0.02f);
  Program program(step.tape(), backend, store);
  store.set<float>(TrainingStep::kLearningRate, 1e-3f);
  program.write<float>(step.images(), random_images(step.images().shape().size()));
  program.run();
}

std::vector<Prediction> predict_step(const Gpu& gpu, const Settings& s) {
  constexpr std::int64_t kBlocks = 8;  // of a launch that are executed
  std::map<std::string, Prediction> made;
  run_step(watched_backend({"emulated", emulated_backend().runtime, &checked::kernels},
                           [&](const Call& call, const std::function<void()>& run) {
                             emulator::AccessCounters counters(kBlocks);
                             const emulator::Watch watch(counters);
                             run();
                             // Of blocks that did not run there may be anything.
                             if (call.kernel == "all_finite")
                               *call.views.back().as<std::uint32_t>() = 1;
                             const std::string op = text(call.kernel, ' ', call.operands);
                             Prediction& p =
                                 made.try_emplace(op, Prediction{.op = op}).first->second;
                             predict(gpu, call, counters, p);
                           }),
           s);
  std::vector<Prediction> sorted;
  for (auto& [op, prediction] : made) sorted.push_back(std::move(prediction));
  std::sort(sorted.begin(), sorted.end(),
            [](const Prediction& a, const Prediction& b) { return a.seconds > b.seconds; });
  return sorted;
}

// Seconds of every op on the GPU of this machine; empty where the device is none.
std::map<std::string, double> measure_step(const Settings& s) {
  std::map<std::string, double> seconds;
  if (s.device != "cuda") return seconds;
  Kernels kernels = *cuda_backend().kernels;
  // Kernels that run again and again compute nothing right, so `finite` must not hold Adam back.
  kernels.adam = [](const Launch& launch, AdamHyper hyper, View dp, View step, View learning_rate,
                    View, View p, View m, View v, View average, View shadow) {
    cuda_backend().kernels->adam(launch, hyper, dp, step, learning_rate, {}, p, m, v, average,
                                 shadow);
  };
  const Backend cuda = {"cuda", cuda_backend().runtime, &kernels};
  OpTimes times(cuda);
  run_step(times.backend(), s);  // loads the kernels
  times.take();
  run_step(times.backend(), s);
  for (const OpTime& time : times.take()) seconds[time.op] = time.seconds;
  return seconds;
}

Report measure(const Settings& s) {
  const std::vector<Prediction> predictions = predict_step(kH100, s);
  const std::map<std::string, double> measured = measure_step(s);
  double predicted_s = 0, measured_s = 0, launches = 0;
  if (!s.json)
    std::printf(
        "op,calls,launches,gflop,operands_mb,requested_mb,requested_by_ideal,bound,"
        "predicted_us,measured_us\n");
  for (const Prediction& p : predictions) {
    const auto found = measured.find(p.op);
    predicted_s += p.seconds;
    launches += p.launches;
    if (found != measured.end()) measured_s += found->second;
    if (s.json) continue;
    std::printf("\"%s\",%lld,%.0f,%.4g,%.4g,%.4g,%.3g,%s,%.3f,", p.op.c_str(),
                static_cast<long long>(p.calls), p.launches, p.flop / 1e9, p.bytes / 1e6,
                p.requested / 1e6, p.requested / std::max(p.ideal, 1.0), p.bound, 1e6 * p.seconds);
    if (found != measured.end()) std::printf("%.3f", 1e6 * found->second);
    std::printf("\n");
  }
  Report report = {{"predicted_step_us", 1e6 * predicted_s}, {"launches", launches}};
  if (!measured.empty()) report.push_back({"measured_kernels_us", 1e6 * measured_s});
  return report;
}

}  // namespace
}  // namespace bench
}  // namespace dagan

int main(int argc, char** argv) {
  return dagan::bench::run(
      argc, argv, "Predicts the time of a training step on an H100 from the emulator's counters.",
      {.batch = 16, .steps = 1}, dagan::bench::measure);
}
