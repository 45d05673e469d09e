// The optimiser as it is recorded: one update a network, averages, schedules.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <optional>

#include "core/gradients.h"
#include "core/program.h"
#include "kernels/backend.h"
#include "layers/batch_norm.h"
#include "layers/conv2d.h"
#include "layers/losses.h"
#include "optim/adam.h"
#include "optim/schedule.h"
#include "tests/data_files.h"

namespace dagan {
namespace {

using testing::error_of;

// A small network that is trained to repeat its input.
struct Small {
  explicit Small(AdamHyper hyper, std::size_t gradients_used = 1000)
      : parameters(tape, "net", Phase::training), store(cpu_backend().runtime) {
    const Conv2d layer(parameters, "layer", 2, 2, 3, {1, 1}, Bias::present);
    const BatchNorm norm(parameters, "norm", 2);
    x = tape.make("x", {2, 4, 4, 2}, Life::input);
    const Adam adam(tape.make("step", {}, Life::persistent, DType::u32),
                    tape.make("rate", {}, Life::persistent), hyper);
    auto gradients = backward(mean_squared_error(norm(layer(x)), x), parameters.all());
    flat_gradient = {&tape, tape[gradients[0]].whole};
    gradients.resize(std::min(gradients.size(), gradients_used));
    tape.keep(flat_gradient);
    finite = adam.update(parameters, gradients);
    adam.average_statistics(parameters);
    parameters.initialise(store, 1, 0.1f);
    program.emplace(tape, cpu_backend(), store);
  }

  void run(std::uint32_t step, float rate, float scale = 1) {
    std::vector<float> images(64);
    for (std::size_t i = 0; i < 64; ++i) images[i] = scale * uniform(Philox{9}.words(step, i)[0]);
    store.set<std::uint32_t>("step", step);
    store.set<float>("rate", rate);
    program->write<float>(x, images);
    program->run();
  }

  Tape tape;
  Parameters parameters;
  Tensor x, flat_gradient, finite;
  Store store;
  std::optional<Program> program;
};

TEST_CASE("adam: the recorded update is the formula, on every parameter at once") {
  const AdamHyper hyper = {.beta1 = 0.5f, .beta2 = 0.9f, .average_decay = 0.75f};
  Small net(hyper);
  const auto count = std::size_t(net.parameters.flat().shape().c);
  std::vector<double> m(count), v(count), average(count);
  for (std::uint32_t step = 0; step < 5; ++step) {
    const auto before = net.store.read<float>("net.parameters");
    net.run(step, 0.01f);
    CHECK(net.program->scalar<std::uint32_t>(net.finite) == 1);
    std::vector<float> g(count);
    net.program->read<float>(net.flat_gradient, std::span<float>(g));
    const auto after = net.store.read<float>("net.parameters");
    const auto averaged = net.store.read<float>("net.average.parameters");
    for (std::size_t i = 0; i < count; ++i) {
      m[i] = 0.5 * m[i] + 0.5 * g[i];
      v[i] = 0.9 * v[i] + 0.1 * double(g[i]) * g[i];
      const double mean = m[i] / (1 - std::pow(0.5, step + 1));
      const double square = v[i] / (1 - std::pow(0.9, step + 1));
      const double expected = before[i] - 0.01 * mean / (std::sqrt(square) + hyper.epsilon);
      CHECK(std::fabs(after[i] - expected) < 1e-6);
      average[i] = 0.75 * average[i] + 0.25 * after[i];
      CHECK(std::fabs(averaged[i] - average[i]) < 1e-6);
    }
  }
}

TEST_CASE("adam: averaged statistics follow the running ones") {
  Small net({.average_decay = 0.5f});
  std::vector<float> expected(4, 0.0f);
  for (std::uint32_t step = 0; step < 3; ++step) {
    net.run(step, 0.01f);
    const auto live = net.store.read<float>("net.statistics");
    const auto averaged = net.store.read<float>("net.average.statistics");
    for (std::size_t i = 0; i < live.size(); ++i) {
      expected[i] = 0.5f * expected[i] + 0.5f * live[i];
      CHECK(averaged[i] == doctest::Approx(expected[i]).epsilon(1e-6));
    }
  }
  Small plain({});
  plain.run(0, 0.01f);
  CHECK(!plain.store.has("net.average.parameters"));
  CHECK(!plain.store.has("net.average.statistics"));
}

TEST_CASE("adam: gradients that are not finite change no weight") {
  Small net({.average_decay = 0.5f});
  net.run(0, 0.01f);
  const auto parameters = net.store.read<float>("net.parameters");
  const auto moments = net.store.read<float>("net.adam.m");
  const auto averaged = net.store.read<float>("net.average.parameters");
  for (const float scale :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    net.run(1, 0.01f, scale);
    CHECK(net.program->scalar<std::uint32_t>(net.finite) == 0);
    CHECK(net.store.read<float>("net.parameters") == parameters);
    CHECK(net.store.read<float>("net.adam.m") == moments);
    CHECK(net.store.read<float>("net.average.parameters") == averaged);
  }
}

TEST_CASE("adam: gradients that do not cover the network are refused") {
  CHECK_CONTAINS(error_of(Fault::bug, [] { Small(AdamHyper{}, 2); }),
                 "[adam] 2 gradients with 38 elements do not cover net.parameters (1,1,1,42)");
}

TEST_CASE("schedules") {
  CHECK(learning_rate(Schedule::constant, 0.5, 7, 10) == 0.5);
  CHECK(learning_rate(Schedule::cosine, 0.5, 0, 10) == 0.5);
  CHECK(learning_rate(Schedule::cosine, 0.5, 5, 10) == doctest::Approx(0.25));
  CHECK(learning_rate(Schedule::cosine, 0.5, 10, 10) == doctest::Approx(0.0));
  for (int step = 0; step < 10; ++step) {
    CHECK(learning_rate(Schedule::cosine, 0.5, step, 10) >
          learning_rate(Schedule::cosine, 0.5, step + 1, 10));
  }
}

}  // namespace
}  // namespace dagan
