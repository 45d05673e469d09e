// Modules: their parameters, and what batch norm does in training and in evaluation.
#include <doctest/doctest.h>

#include <cmath>

#include "core/program.h"
#include "dagan/model/generator.h"
#include "kernels/backend.h"
#include "layers/batch_norm.h"
#include "layers/conv2d.h"
#include "tests/data_files.h"

namespace dagan {
namespace {

// The parameter's values in a store.
std::vector<float> values_of(const Store& store, const Parameters& p, Tensor part) {
  const auto flat = store.read<float>(p.flat().name());
  const Value& value = p.tape()[part];
  const auto from = flat.begin() + value.offset;
  return {from, from + value.shape.size()};
}

struct Moments {
  double mean, deviation;
};

Moments moments(const std::vector<float>& values) {
  double sum = 0, squares = 0;
  for (const float v : values) {
    sum += v;
    squares += double(v) * v;
  }
  const double mean = sum / double(values.size());
  return {mean, std::sqrt(squares / double(values.size()) - mean * mean)};
}

TEST_CASE("parameters: initial values follow from the seed and the name alone") {
  Tape tape, longer;
  Parameters p(tape, "net", Phase::training), q(longer, "net", Phase::training);
  const Tensor filter = p.parameter("b.filter", {32, 4, 4, 16}, Init::filter);
  const Tensor gamma = p.parameter("b.gamma", {1, 1, 1, 4096}, Init::gamma);
  const Tensor bias = p.parameter("b.bias", {1, 1, 1, 64}, Init::zero);
  q.parameter("a.filter", {8, 4, 4, 3}, Init::filter);
  const Tensor same = q.parameter("b.filter", {32, 4, 4, 16}, Init::filter);

  Store first(cpu_backend().runtime), second(cpu_backend().runtime), other(cpu_backend().runtime);
  p.initialise(first, 1, 0.02f);
  q.initialise(second, 1, 0.02f);
  p.initialise(other, 2, 0.02f);
  const auto filters = values_of(first, p, filter);
  CHECK(filters == values_of(second, q, same));
  CHECK(filters != values_of(other, p, filter));
  CHECK(std::fabs(moments(filters).mean) < 1e-3);
  CHECK(moments(filters).deviation == doctest::Approx(0.02).epsilon(0.03));
  CHECK(moments(values_of(first, p, gamma)).mean == doctest::Approx(1).epsilon(2e-3));
  CHECK(moments(values_of(first, p, gamma)).deviation == doctest::Approx(0.02).epsilon(0.05));
  CHECK(values_of(first, p, bias) == std::vector<float>(64, 0.0f));
  CHECK(p.flat().shape() == Shape{1, 1, 1, 32 * 16 * 16 + 4096 + 64});
  CHECK(!p.flat_statistics());
}

TEST_CASE("parameters: live and averaged weights are different entries of one store") {
  for (const Weights weights : {Weights::live, Weights::averaged}) {
    Tape tape;
    Parameters p(tape, "net", Phase::evaluation, weights);
    const BatchNorm norm(p, "norm", 3);
    const std::string prefix = weights == Weights::live ? "net" : "net.average";
    CHECK(p.flat().name() == prefix + ".parameters");
    CHECK(p.flat_statistics().name() == prefix + ".statistics");
    CHECK(p.all()[0].name() == "net.norm.gamma");
  }
}

TEST_CASE("conv2d: with and without bias, and the shapes of a level and back") {
  Tape tape;
  Parameters p(tape, "net", Phase::training);
  const Conv2d down(p, "down", 3, 8, 4, {2, 1}, Bias::present);
  const ConvTranspose2d up(p, "up", 8, 3, 4, {2, 1}, Bias::none);
  CHECK(p.all().size() == 3);
  const Tensor x = tape.make("x", {2, 10, 14, 3}, Life::input);
  const Tensor y = down(x);
  CHECK(y.shape() == Shape{2, 5, 7, 8});
  CHECK(up(y).shape() == x.shape());
}

// The layer on `x` in one phase; `store` holds its parameters and statistics.
std::vector<float> normalised(Phase phase, Store& store, const std::vector<float>& x, Shape shape) {
  Tape tape;
  Parameters p(tape, "net", phase);
  const BatchNorm norm(p, "norm", shape.c, {.momentum = 0.25f});
  if (!store.has("net.parameters")) p.initialise(store, 1, 0.02f);
  const Tensor input = tape.make("x", shape, Life::input), y = norm(input);
  tape.keep(y);
  Program program(tape, cpu_backend(), store);
  program.write<float>(input, x);
  program.run();
  std::vector<float> result(x.size());
  program.read<float>(y, std::span<float>(result));
  return result;
}

TEST_CASE("batch norm: training moves the running statistics, evaluation reads them alone") {
  const Shape shape = {2, 3, 3, 2};
  std::vector<float> x(36);
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i] = float(i % 2 ? 5 : -1) + uniform(Philox{3}.words(0, i)[0]);
  }
  Store store(cpu_backend().runtime);
  const auto trained = normalised(Phase::training, store, x, shape);
  const auto statistics = store.read<float>("net.statistics");  // mean, mean, variance, variance
  for (std::size_t c = 0; c < 2; ++c) {
    std::vector<float> channel, result;
    for (std::size_t i = c; i < x.size(); i += 2) {
      channel.push_back(x[i]);
      result.push_back(trained[i]);
    }
    const auto [mean, deviation] = moments(channel);
    CHECK(statistics[c] == doctest::Approx(0.25 * mean).epsilon(1e-5));
    CHECK(statistics[2 + c] ==
          doctest::Approx(0.75 + 0.25 * deviation * deviation * 18 / 17).epsilon(1e-4));
    const auto gamma = store.read<float>("net.parameters")[c];
    CHECK(moments(result).deviation == doctest::Approx(gamma).epsilon(1e-3));
  }
  const auto both = normalised(Phase::evaluation, store, x, shape);
  CHECK(store.read<float>("net.statistics") == statistics);
  CHECK(both != trained);
  const std::vector<float> half(x.begin() + 18, x.end());
  const auto alone = normalised(Phase::evaluation, store, half, {1, 3, 3, 2});
  CHECK(std::equal(alone.begin(), alone.end(), both.begin() + 18));
}

TEST_CASE("generator: one program of a U-Net has no node that copies a skip") {
  Tape tape;
  Parameters p(tape, "generator", Phase::training);
  const Architecture a = {.size = 32, .channels = 1, .levels = 4, .width = 4};
  const Tensor x = tape.make("x", {2, 32, 32, 1}, Life::input);
  CHECK(Generator(p, a)(x).shape() == x.shape());
  CHECK(tape.describe().find("linear") == std::string::npos);
  int slices = 0;
  for (const Value& value : tape.values())
    slices += value.whole >= 0 && value.life == Life::transient;
  CHECK(slices == 6);  // three skips and what they are joined to
}

}  // namespace
}  // namespace dagan
