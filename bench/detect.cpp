// Times what `dagan detect` does with images in memory, as the default recipe has it: forward pass
// of a generator with random weights, residual map, scores.
#include <iostream>
#include <optional>

#include "bench/harness.h"
#include "bench/op_times.h"
#include "dagan/detect/scorer.h"
#include "dagan/model/step.h"
#include "dagan/recipe/configure.h"
#include "kernels/backend.h"

namespace dagan::bench {
namespace {

Report measure(const Settings& s) {
  const Backend& device = backend_named(s.device);
  Store store(device.runtime);
  TrainingStep({.architecture = s.architecture, .batch = 1, .discriminator = s.discriminator})
      .initialise(store, 0, 0.02f);
  std::optional<OpTimes> times;
  if (s.ops) times.emplace(device);
  const Backend& backend = times ? times->backend() : device;
  const Shape map = {1, s.architecture.size, s.architecture.size, 1};
  store.entry("generator.residual.mean", map);
  store.entry("generator.residual.spread", map);
  store.write<float>("generator.residual.spread",
                     std::vector<float>(std::size_t(map.size()), 1.0f));
  Scorer scorer(s.architecture, scoring_of(Recipe{}), Weights::live, backend, store, s.batch);
  const std::vector<float> images =
      random_images(s.batch * s.architecture.size * s.architecture.size * s.architecture.channels);
  int done = 0;
  const Seconds seconds = time(s.steps, [&] { scorer(images), ++done; });
  if (times) times->print(done, std::cerr);
  constexpr double kMb = 1 << 20;
  return {{"forward_ms", 1e3 * seconds.median},
          {"forward_min_ms", 1e3 * seconds.least},
          {"images_per_s", double(s.batch) / seconds.median},
          {"rss_mb", peak_memory_mb()},
          {"arena_mb", double(scorer.memory().arena) / kMb},
          {"arena_without_reuse_mb", double(scorer.memory().arena_without_reuse) / kMb}};
}

}  // namespace
}  // namespace dagan::bench

int main(int argc, char** argv) {
  return dagan::bench::run(argc, argv, "Times the scoring of images.", {.batch = 1, .steps = 101},
                           dagan::bench::measure);
}
