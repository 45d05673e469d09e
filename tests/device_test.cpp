// Backends besides the CPU's: memory apart from the host's, and the emulated GPU kernels.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "core/random.h"
#include "dagan/detect/detector.h"
#include "dagan/model/step.h"
#include "dagan/recipe/configure.h"
#include "tests/apart_memory.h"
#include "tests/small_runs.h"

namespace dagan {
namespace {

using namespace testing;

TEST_CASE("device: training and detection touch the device's memory only by copies and kernels") {
  const TemporaryFolder folder;
  Recipe recipe = small_recipe(6);
  recipe.train.sample_every = 3;
  TrainOptions here = small_run(folder / "here", recipe),
               apart = small_run(folder / "apart", recipe);
  apart.backend = &apart_from_host(cpu_backend());
  CHECK(train_quietly(here).fingerprint == train_quietly(apart).fingerprint);
  CHECK(losses(folder / "here") == losses(folder / "apart"));

  const Model model = load_model(folder / "here", cpu_backend());
  const Model moved = load_model(folder / "here", *apart.backend);
  Detector detector(model), away(moved, *apart.backend);
  std::vector<float> image(std::size_t(model.preprocessing.elements()));
  for (std::size_t i = 0; i < image.size(); ++i) image[i] = float(i % 17) / 8.5f - 1;
  const auto expected = detector(image), result = away(image);
  CHECK(result[0].score == expected[0].score);
  CHECK(result[0].map == expected[0].map);
  CHECK(result[0].reconstruction == expected[0].reconstruction);
}

// A step of both players with everything that the default recipe uses, small.
StepOptions reduced_step(DType activations) {
  Recipe recipe = load_recipe("default");
  recipe.data.size = 16;
  recipe.model.levels = 3;
  recipe.model.width = 8;
  recipe.train.batch = 4;
  recipe.augment.flip_horizontal = "on";
  recipe.augment.shift = 2;
  StepOptions options = step_options_of(recipe, 3);
  options.keep_gradients = true;
  options.activations = activations;
  return options;
}

// Everything that one step leaves behind: parameters, moments, averages, statistics, gradients.
std::map<std::string, std::vector<float>> after_one_step(const Backend& backend,
                                                         DType activations) {
  const TrainingStep step(reduced_step(activations));
  Store store(backend.runtime);
  step.initialise(store, 1, 0.02f);
  Program program(step.tape(), backend, store);
  std::vector<float> images(std::size_t(step.images().shape().size()));
  for (std::size_t i = 0; i < images.size(); ++i) {
    images[i] = 2 * uniform(Philox{7}.words(0, i)[0]) - 1;
  }
  program.write<float>(step.images(), images);
  store.set<std::uint32_t>(TrainingStep::kStep, 0);
  store.set<float>(TrainingStep::kLearningRate, 1e-3f);
  program.run();
  std::map<std::string, std::vector<float>> result;
  for (const auto& [name, view] : store.entries()) {
    if (view.dtype == DType::f32) result[name] = store.read<float>(name);
  }
  for (const auto* gradients : {&step.generator_gradients, &step.discriminator_gradients}) {
    const int whole = step.tape()[gradients->front()].whole;
    const Tensor flat = step.tape().find(step.tape().values()[std::size_t(whole)].name);
    result[flat.name()] = program.read(flat);
  }
  return result;
}

// Tolerance: of the largest entry that an array has on the CPU.
void compare_one_step(const Backend& backend, DType activations, double tolerance) {
  const auto cpu = after_one_step(cpu_backend(), activations);
  const auto there = after_one_step(backend, activations);
  REQUIRE(cpu.size() == there.size());
  CHECK(cpu.size() >= 14);
  for (const auto& [name, expected] : cpu) {
    CAPTURE(name);
    const std::vector<float>& got = there.at(name);
    double scale = 1e-30, worst = 0;
    for (const float value : expected) scale = std::max(scale, std::abs(double(value)));
    for (std::size_t i = 0; i < expected.size(); ++i) {
      worst = std::max(worst, std::abs(double(got[i]) - double(expected[i])));
    }
    CHECK(worst <= tolerance * scale);
  }
}

TEST_CASE("device: a training step on the emulated GPU kernels is the CPU's") {
  compare_one_step(emulated_backend(), DType::f32, 1e-5);
}

// Sums in another order are rounded to the neighbour now and then, 2^-8 away. The gradients in f32
// are 1.8e-2 away and more. Adam's first step is as long as the learning rate whatever the
// gradient, so the parameters tell little here.
TEST_CASE("device: so is one with activations in bf16") {
  compare_one_step(emulated_backend(), DType::bf16, 2e-3);
}

TEST_CASE("device: so are both on a GPU, where there is one") {
  if (!has_cuda()) {
    MESSAGE("skipped: no GPU");
    return;
  }
  compare_one_step(cuda_backend(), DType::f32, 1e-5);
  compare_one_step(cuda_backend(), DType::bf16, 2e-3);
}

TEST_CASE("device: a run on the emulated GPU kernels ends with the CPU's verdicts") {
  const TemporaryFolder folder;
  const auto trained = [&](const std::string& device) {
    const std::string out = folder / device;
    const auto run = [&](const std::string& words) {
      const Outcome outcome = workshop().run(words + " --device " + device);
      CHECK_MESSAGE(outcome.code == 0, outcome.err);
      return outcome;
    };
    run("train --recipe tiny --steps 40 --set data.size=16 --set model.levels=3 -q --data " +
        small_set().string() + " --out " + out);
    const Outcome evaluation = run("eval --format json " + out);
    return nlohmann::json::parse(evaluation.out)["image_auroc"].get<double>();
  };
  CHECK(std::abs(trained("cpu") - trained("emulated")) <= 0.01);
}

}  // namespace
}  // namespace dagan
