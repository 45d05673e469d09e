// Times a whole training step: forward and backward passes of both players and their updates, the
// recipe `paper` but for the normalised decoders (bench/peers/step_torch.py is the same in
// PyTorch).
#include "dagan/model/step.h"

#include <iostream>
#include <optional>

#include "bench/harness.h"
#include "bench/op_times.h"
#include "kernels/backend.h"

namespace dagan::bench {
namespace {

// Of the convolutions, which are nearly all of it; the operands' shapes tell the pass.
double flop(const Tape& tape) {
  double sum = 0;
  for (const Node& node : tape.nodes()) {
    const std::string_view name = node.op->name();
    if (!name.starts_with("conv2d")) continue;
    const bool filter_grad = name == "conv2d_filter_grad";
    const Shape filter = (filter_grad ? node.out[0] : node.in[1]).shape();
    const Tensor small = name == "conv2d" ? node.out[0] : node.in[filter_grad ? 1 : 0];
    sum += 2.0 * double(small.shape().pixels()) * double(filter.size());
  }
  return sum;
}

Report measure(const Settings& s) {
  const TrainingStep step({.architecture = s.architecture,
                           .batch = s.batch,
                           .discriminator = s.discriminator,
                           .activations = s.activations});
  const Backend& device = backend_named(s.device);
  Store store(device.runtime);
  step.initialise(store, 0, 0.02f);
  std::optional<OpTimes> times;
  if (s.ops) times.emplace(device);
  const Backend& backend = times ? times->backend() : device;
  Program program(step.tape(), backend, store);
  store.set<float>(TrainingStep::kLearningRate, 1e-3f);
  const std::vector<float> images = random_images(step.images().shape().size());
  std::uint32_t done = 0;
  const Seconds seconds = time(s.steps, [&] {
    store.set<std::uint32_t>(TrainingStep::kStep, done++);
    program.write<float>(step.images(), images);
    program.run();
    device.runtime.synchronise();
  });
  if (times) times->print(double(done), std::cerr);
  constexpr double kMb = 1 << 20;
  return {{"step_s", seconds.median},
          {"step_min_s", seconds.least},
          {"images_per_s", double(s.batch) / seconds.median},
          {"gflop", flop(step.tape()) / 1e9},
          {"gflop_s", flop(step.tape()) / 1e9 / seconds.median},
          {"rss_mb", peak_memory_mb()},
          {"arena_mb", double(program.memory().arena) / kMb},
          {"arena_without_reuse_mb", double(program.memory().arena_without_reuse) / kMb}};
}

}  // namespace
}  // namespace dagan::bench

int main(int argc, char** argv) {
  return dagan::bench::run(argc, argv, "Times one training step.", {.batch = 16, .steps = 11},
                           dagan::bench::measure);
}
