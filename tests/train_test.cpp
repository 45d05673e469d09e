// Training runs from end to end: the same bits from the same seed, and health.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <set>

#include "core/safetensors.h"
#include "dagan/data/file.h"
#include "dagan/data/synth.h"
#include "dagan/model/step.h"
#include "dagan/recipe/configure.h"
#include "dagan/train/health.h"
#include "dagan/train/sampler.h"
#include "dagan/train/trainer.h"
#include "tests/small_runs.h"

namespace dagan {
namespace {

using namespace testing;

TEST_CASE("training: the same seed gives the same bits for 1, 2 and 4 threads") {
  const TemporaryFolder folder;
  Recipe recipe = load_recipe("tiny");
  recipe.train.steps = 12;
  recipe.train.log_every = 1;
  set_recipe(recipe, "augment.flip_horizontal=on");
  recipe.augment.shift = 2;
  recipe.detect.residual = "both";
  std::vector<std::string> models;
  std::vector<std::vector<std::string>> logs;
  const auto run = [&](const std::string& name, int threads) {
    const Threads limit(threads);
    train_quietly(small_run(folder / name, recipe));
    models.push_back(content(folder / name / "model.dagan"));
    logs.push_back(losses(folder / name));
  };
  run("one", 1);
  run("two", 2);
  run("four", 4);
  CHECK(logs[0].size() == 12);
  for (std::size_t i : {1, 2}) {
    CHECK(models[i] == models[0]);
    CHECK(logs[i] == logs[0]);
    CHECK(content(folder / "one/checkpoint.safetensors") ==
          content(folder / (i == 1 ? "two" : "four") / "checkpoint.safetensors"));
  }
  recipe.train.seed = 1;
  run("other", 2);
  CHECK(models[3] != models[0]);
  CHECK(logs[3][0] != logs[0][0]);
}

TEST_CASE("training: other kinds of model end with a threshold too") {
  for (const char* change :
       {"model.kind=unet", "loss.game=hinge", "loss.game=adae", "loss.norm=absolute",
        "loss.turns=simultaneous", "train.average_decay=0", "data.channels=1",
        "detect.residual=discriminator", "detect.standardise=false", "repair.rectangles=0",
        "train.schedule=constant"}) {
    INFO(std::string(change));
    const TemporaryFolder folder;
    Recipe recipe = small_recipe(3);
    set_recipe(recipe, change);
    const TrainResult result = train_quietly(small_run(folder / "run", recipe));
    CHECK(result.threshold > 0);
    CHECK(result.training_images + result.validation_images == 72);
    CHECK(losses(folder / "run").size() == 3);
  }
}

TEST_CASE("training: one image to train on is refused before anything is done") {
  const TemporaryFolder folder;
  write_synthetic_set(folder / "set", {.size = 32, .train = 8, .test_good = 1, .test_defect = 1});
  Recipe recipe = small_recipe(3);
  recipe.data.validation_fraction = 0.9;
  recipe.detect.max_false_reject = 0.5;
  recipe.augment.flip_horizontal = recipe.augment.flip_vertical = "off";
  TrainOptions options = small_run(folder / "run", recipe);
  options.data = folder / "set";
  CHECK_CONTAINS(error_of(Fault::data, [&] { train_quietly(options); }),
                 "of 8 good images one is left to train on");
  CHECK_FALSE(fs::exists(folder / "run"));
}

std::span<const float> floats(const NamedTensor& tensor) {
  return {reinterpret_cast<const float*>(tensor.bytes.data()), tensor.bytes.size() / 4};
}

TEST_CASE("training: the averaged weights are the ones that are deployed") {
  const TemporaryFolder folder;
  for (const double decay : {0.0, 0.9}) {
    Recipe recipe = small_recipe(5);
    recipe.train.average_decay = decay;
    TrainOptions options = small_run(folder / "run", recipe);
    options.force = true;
    train_quietly(options);
    const auto model_bytes = read_file(folder / "run/model.dagan", 1 << 24);
    const auto state_bytes = read_file(folder / "run/checkpoint.safetensors", 1 << 24);
    const Safetensors model = parse_safetensors(model_bytes, "model");
    const Safetensors state = parse_safetensors(state_bytes, "checkpoint");
    const auto first = floats(model.find("generator.down1.filter"));
    const auto starts_with = [&](const char* entry) {
      return std::equal(first.begin(), first.end(), floats(state.find(entry)).begin());
    };
    CHECK(starts_with("generator.parameters") == (decay == 0));
    if (decay > 0) CHECK(starts_with("generator.average.parameters"));
  }
}

// Runs that must end with Fault::health; the message.
std::string unhealthy(const TrainOptions& options) {
  return error_of(Fault::health, [&] { train_quietly(options); });
}

TEST_CASE("health: a loss that is not finite stops the run and keeps the last good checkpoint") {
  const TemporaryFolder folder;
  Recipe recipe = small_recipe(40);
  recipe.train.learning_rate = 1e18;
  recipe.train.schedule = "constant";
  recipe.model.decoder_norm = false;
  recipe.train.checkpoint_every = 1000;
  const std::string error = unhealthy(small_run(folder / "run", recipe));
  CHECK_CONTAINS(error, "is not finite; the last checkpoint is good");
  CHECK(!fs::exists(folder / "run/model.dagan"));
  const auto bytes = read_file(folder / "run/checkpoint.safetensors", 1 << 24);
  const Safetensors state = parse_safetensors(bytes, "checkpoint");
  CHECK(state.metadata.at("step") == "0");
  for (const NamedTensor& tensor : state.tensors) {
    if (tensor.dtype != DType::f32) continue;
    for (const float value : floats(tensor)) CHECK_UNARY(std::isfinite(value));
  }
  CHECK_CONTAINS(error_of(Fault::output, [&] { train_quietly(small_run(folder / "run", recipe)); }),
                 "holds an unfinished run");
}

TEST_CASE("health: weights that give no usable score write no model") {
  const TemporaryFolder folder;
  Recipe recipe = small_recipe(1);
  recipe.train.learning_rate = 1e30;
  recipe.train.average_decay = 0;
  recipe.model.kind = "unet";
  CHECK_CONTAINS(unhealthy(small_run(folder / "run", recipe)), "no model was written");
  CHECK(!fs::exists(folder / "run/model.dagan"));
}

TEST_CASE("health: an image that is not a number changes no weight and is reported") {
  const Recipe recipe = small_recipe(1);
  TrainingStep step(step_options_of(recipe, 1));
  Store store(cpu_backend().runtime);
  step.initialise(store, 0, 0.02f);
  Program program(step.tape(), cpu_backend(), store);
  store.set<float>(TrainingStep::kLearningRate, 1e-3f);
  std::vector<float> images(std::size_t(step.images().shape().size()), 0.5f);
  images[77] = std::numeric_limits<float>::quiet_NaN();
  const auto before = store.read<float>("generator.parameters");
  program.write<float>(step.images(), images);
  program.run();
  CHECK(store.read<float>("generator.parameters") == before);
  const StepHealth health = {
      .step = 5,
      .generator_loss = program.scalar(step.generator_loss),
      .discriminator_loss = program.scalar(step.discriminator_loss),
      .generator_finite = program.scalar<std::uint32_t>(step.generator_finite) != 0,
      .discriminator_finite = program.scalar<std::uint32_t>(step.discriminator_finite) != 0};
  CHECK(!health.generator_finite);
  CHECK_CONTAINS(error_of(Fault::health, [&] { check_step(health); }), "step 5: the loss");
}

TEST_CASE("health: which player it was, and what of it") {
  const auto message = [](StepHealth health) {
    return error_of(Fault::health, [&] { check_step(health); });
  };
  CHECK_NOTHROW(check_step({.step = 1}));
  CHECK_CONTAINS(message({.step = 1, .generator_finite = false}), "the gradient of the generator");
  CHECK_CONTAINS(message({.step = 1, .discriminator_finite = false}),
                 "the gradient of the discriminator");
  CHECK_CONTAINS(message({.step = 1, .generator_loss = NAN}), "the loss of the generator");
  CHECK_CONTAINS(message({.step = 1, .discriminator_loss = INFINITY}),
                 "the loss of the discriminator");
}

TEST_CASE("health: one flat picture for every image is a collapse") {
  std::vector<float> images(2 * 64), answers(2 * 64);
  for (std::size_t i = 0; i < images.size(); ++i) images[i] = uniform(Philox{1}.words(0, i)[0]);
  CHECK_CONTAINS(error_of(Fault::health, [&] { check_not_collapsed(300, images, answers); }),
                 "step 300: the generator answers every image with the same flat picture");
  std::fill(answers.begin(), answers.end(), std::numeric_limits<float>::quiet_NaN());
  error_of(Fault::health, [&] { check_not_collapsed(300, images, answers); });
  CHECK_NOTHROW(check_not_collapsed(300, images, images));
  const std::vector<float> flat(images.size(), 0.25f);
  CHECK_NOTHROW(check_not_collapsed(300, flat, flat));

  const TemporaryFolder folder;
  Recipe recipe = small_recipe(110);
  recipe.model.init = 1e-6;
  recipe.model.decoder_norm = false;
  recipe.train.learning_rate = 1e-9;
  recipe.train.checkpoint_every = 100;
  CHECK_CONTAINS(unhealthy(small_run(folder / "run", recipe)), "step 100: the generator answers");
  const auto bytes = read_file(folder / "run/checkpoint.safetensors", 1 << 24);
  CHECK(parse_safetensors(bytes, "checkpoint").metadata.at("step") == "0");
}

TEST_CASE("sampler: every image once an epoch, in an order of the seed and the epoch") {
  constexpr std::int64_t kImages = 37;
  Sampler forward(kImages, 5), jumping(kImages, 5), other(kImages, 6);
  std::vector<std::int64_t> stream;
  for (std::int64_t i = 0; i < 4 * kImages; ++i) stream.push_back(forward.at(i));
  for (auto epoch = stream.begin(); epoch != stream.end(); epoch += kImages) {
    const std::set<std::int64_t> seen(epoch, epoch + kImages);
    CHECK(seen.size() == kImages);
    CHECK(*seen.begin() == 0);
    CHECK(*seen.rbegin() == kImages - 1);
  }
  CHECK(!std::equal(stream.begin(), stream.begin() + kImages, stream.begin() + kImages));
  int equal = 0;
  for (std::int64_t i = 4 * kImages; i-- > 0;) {
    CHECK(jumping.at(i) == stream[std::size_t(i)]);
    equal += other.at(i) == stream[std::size_t(i)];
  }
  CHECK(equal < kImages);
}

}  // namespace
}  // namespace dagan
