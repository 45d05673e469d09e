// The whole engine against PyTorch: losses of 20 steps, gradients of the first, parameters after
// the last.
#include "dagan/model/step.h"

#include <doctest/doctest.h>

#include <cmath>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "core/safetensors.h"
#include "dagan/data/file.h"
#include "kernels/backend.h"

namespace dagan {
namespace {

constexpr double kTolerance = 1e-5;  // relative to the largest entry of a tensor, or to a loss

struct Golden {
  explicit Golden(const std::string& name)
      : bytes(read_file(std::string(DAGAN_GOLDEN_DIR) + "/" + name, 1 << 24)),
        file(parse_safetensors(bytes, name)),
        losses(nlohmann::json::parse(file.metadata.at("losses"))) {}

  std::vector<std::byte> bytes;
  Safetensors file;
  nlohmann::json losses;

  std::span<const float> values(const std::string& name) const {
    const NamedTensor& t = file.find(name);
    return {reinterpret_cast<const float*>(t.bytes.data()), t.bytes.size() / sizeof(float)};
  }
};

// Where a parameter or statistic lies in the store.
std::span<float> part(const TrainingStep& step, const Store& store, Tensor t) {
  const Value& value = step.tape()[t];
  const View flat = store.view(step.tape().values()[std::size_t(value.whole)].name);
  return {flat.as<float>() + value.offset, std::size_t(value.shape.size())};
}

double difference(std::span<const float> a, std::span<const float> b) {
  REQUIRE(a.size() == b.size());
  double largest = 0, worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    largest = std::max(largest, std::fabs(double(b[i])));
    worst = std::max(worst, std::fabs(double(a[i]) - b[i]));
  }
  return worst / largest;
}

void compare_with_pytorch(const std::string& name, bool discriminator) {
  const Golden golden(name);
  TrainingStep step({.architecture = {.size = 16, .channels = 3, .levels = 3, .width = 4},
                     .batch = 2,
                     .discriminator = discriminator,
                     .keep_gradients = true});
  Store store(cpu_backend().runtime);
  step.initialise(store, 0, 0.02f);
  Program program(step.tape(), cpu_backend(), store);

  std::vector<Tensor> all;
  for (const Parameters* network : {&step.generator(), &step.discriminator()}) {
    all.insert(all.end(), network->all().begin(), network->all().end());
    all.insert(all.end(), network->statistics().begin(), network->statistics().end());
  }
  for (const Tensor& t : all) {
    const auto from = golden.values(t.name());
    const auto to = part(step, store, t);
    REQUIRE(from.size() == to.size());
    std::copy(from.begin(), from.end(), to.begin());
  }
  store.set<float>(TrainingStep::kLearningRate, 1e-3f);

  const std::pair<const char*, Tensor> losses[] = {
      {"generator", step.generator_loss},
      {"generator_adversarial", step.generator_adversarial},
      {"discriminator", step.discriminator_loss},
      {"discriminator_reconstruction", step.discriminator_reconstruction},
      {"discriminator_adversarial", step.discriminator_adversarial}};
  for (int i = 0; i < 20; ++i) {
    store.set<std::uint32_t>(TrainingStep::kStep, std::uint32_t(i));
    program.write<float>(step.images(), golden.values("input." + std::to_string(i)));
    program.run();
    for (const auto& [key, tensor] : losses) {
      if (!tensor) continue;
      const double expected = golden.losses.at(key).at(std::size_t(i)).get<double>();
      CHECK_MESSAGE(
          std::fabs(program.scalar(tensor) - expected) <= kTolerance * std::fabs(expected),
          key << " at step " << i << ": " << program.scalar(tensor) << " against " << expected);
    }
    if (i > 0) continue;
    const auto check_gradients = [&](const std::vector<Tensor>& gradients,
                                     const std::vector<Tensor>& parameters) {
      if (gradients.empty()) return;
      const Tensor flat = {gradients[0].tape, step.tape()[gradients[0]].whole};
      std::vector<float> values(std::size_t(flat.shape().size()));
      program.read<float>(flat, values);
      for (std::size_t j = 0; j < parameters.size(); ++j) {
        const Value& value = step.tape()[gradients[j]];
        const double worst = difference(
            std::span(values).subspan(std::size_t(value.offset), std::size_t(value.shape.size())),
            golden.values("gradient." + parameters[j].name()));
        CHECK_MESSAGE(worst <= kTolerance, parameters[j].name() << ": " << worst);
      }
    };
    check_gradients(step.generator_gradients, step.generator().all());
    check_gradients(step.discriminator_gradients, step.discriminator().all());
  }
  for (const Tensor& t : all) {
    const double worst = difference(part(step, store, t), golden.values("final." + t.name()));
    CHECK_MESSAGE(worst <= kTolerance, t.name() << " after 20 steps: " << worst);
  }
}

}  // namespace

TEST_CASE("a DAGAN's losses, gradients and parameters are PyTorch's") {
  compare_with_pytorch("dagan_small.safetensors", true);
}

TEST_CASE("a U-Net's losses, gradients and parameters are PyTorch's") {
  compare_with_pytorch("unet_small.safetensors", false);
}

}  // namespace dagan
