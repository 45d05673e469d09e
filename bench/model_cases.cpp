#include "bench/model_cases.h"

#include <functional>
#include <iterator>
#include <map>
#include <set>

#include "core/check.h"
#include "dagan/model/step.h"
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

constexpr float kSlope = 0.2f;  // of the encoders

void append(std::vector<OpCase>& to, std::vector<OpCase> more) {
  to.insert(to.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

Shape images(const ModelShape& m) { return {m.batch, m.size, m.size, m.channels}; }

std::vector<OpCase> convolutions(const ModelShape& m, const KernelVersion& version) {
  std::vector<OpCase> result;
  const auto layers = cases::conv2d_layers(m.batch, m.size, m.channels, m.width);
  const auto append_passes = [&](const cases::Conv2dProblem& layer) {
    append(result, cases::conv2d_passes(version, layer));
    append(result, cases::conv2d_packed_passes(version, layer, version.dtype, true));
  };
  for (std::size_t i = 0; i < layers.size(); ++i) {
    cases::Conv2dProblem layer = layers[i];
    append_passes(layer);
    if (i + 1 == layers.size()) break;
    layer.filters *= 2;  // of the generator's decoder, behind the skip
    append_passes(layer);
  }
  return result;
}

// What `cases_of` gives for the output of every convolution.
template <class F>
std::vector<OpCase> for_each_layer(const ModelShape& m, F cases_of) {
  std::vector<OpCase> result;
  for (const auto& layer : cases::conv2d_layers(m.batch, m.size, m.channels, m.width))
    append(result, cases_of(layer.y()));
  return result;
}

std::vector<OpCase> batch_norms(const ModelShape& m, const KernelVersion& version) {
  return for_each_layer(m, [&](Shape y) {
    if (y.pixels() < 2) return std::vector<OpCase>();  // nothing to normalise
    std::vector<OpCase> result = {cases::batch_norm_statistics_case(y),
                                  cases::batch_norm_apply_case(y, kSlope)};
    if (version.entries.batch_norm_grad != nullptr)
      result.push_back(cases::batch_norm_grad_case(y, true, kSlope));
    if (version.in_table) result.push_back(cases::batch_norm_evaluate_case(y, kSlope));
    return result;
  });
}

std::vector<OpCase> activations(const ModelShape& m, const KernelVersion&) {
  std::vector<OpCase> result = for_each_layer(m, [](Shape y) {
    return std::vector{cases::leaky_relu_case(y, kSlope), cases::leaky_relu_grad_case(y, kSlope)};
  });
  append(result, {cases::tanh_case(images(m)), cases::tanh_grad_case(images(m))});
  return result;
}

std::vector<OpCase> arithmetic(const ModelShape& m, const KernelVersion&) {
  std::vector<OpCase> result =
      for_each_layer(m, [](Shape y) { return std::vector{cases::channel_sum_case(y)}; });
  append(result, {cases::channel_sum_case(images(m)),
                  cases::linear_case(images(m), {.alpha = 0.5f, .beta = 2}, true)});
  return result;
}

std::vector<OpCase> losses(const ModelShape& m, const KernelVersion&) {
  std::vector<OpCase> result;
  for (const auto kind : {cases::ErrorKind::squared, cases::ErrorKind::absolute})
    append(result, {cases::error_case(kind, images(m)), cases::error_grad_case(kind, images(m))});
  return result;
}

std::vector<OpCase> updates(const ModelShape& m, const KernelVersion&) {
  const TrainingStep step(
      {.architecture = {.size = m.size, .channels = m.channels, .width = m.width}, .batch = 1});
  const std::int64_t size = step.generator().flat().shape().size();
  const AdamHyper averaging = {.average_decay = 0.99f};
  return {cases::all_finite_case(size), cases::adam_case({.size = size}),
          cases::adam_case({.size = size, .hyper = averaging, .averaged = true})};
}

std::vector<OpCase> pictures(const ModelShape& m, const KernelVersion&) {
  const Shape photo = {1, 16 * m.size, 16 * m.size, m.channels};
  std::vector<OpCase> result;
  for (const DType dtype : {DType::u8, DType::u16})
    result.push_back(cases::image_normalise_resize(photo, dtype, m.size, m.size, {0, 255}));
  return result;
}

std::vector<OpCase> damage(const ModelShape& m, const KernelVersion&) {
  return {cases::augment(images(m), 1, {.seed = 1, .flip_horizontal = true, .shift = 4}),
          cases::corrupt(images(m), 1, {.seed = 1})};
}

std::vector<OpCase> residuals(const ModelShape& m, const KernelVersion&) {
  const Shape map = {m.batch, m.size, m.size, 1};
  return {cases::pooled_residual(images(m), 2), cases::standardise(map),
          cases::top_mean(map, 0.01f)};
}

using Maker = std::vector<OpCase> (*)(const ModelShape&, const KernelVersion&);

const std::vector<std::pair<std::string, Maker>>& makers() {
  static const std::vector<std::pair<std::string, Maker>> all = {{"conv2d", convolutions},
                                                                 {"batch_norm", batch_norms},
                                                                 {"activation", activations},
                                                                 {"arithmetic", arithmetic},
                                                                 {"loss", losses},
                                                                 {"adam", updates},
                                                                 {"image", pictures},
                                                                 {"corrupt", damage},
                                                                 {"residual", residuals}};
  return all;
}

}  // namespace

const std::vector<std::string>& op_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> result;
    for (const auto& [name, maker] : makers()) result.push_back(name);
    return result;
  }();
  return names;
}

std::vector<OpCase> model_cases(const std::string& op, const ModelShape& m,
                                const KernelVersion& version) {
  std::vector<OpCase> result;
  std::set<std::string> seen;  // layers may share a shape
  for (const auto& [name, maker] : makers()) {
    if (name != op) continue;
    for (OpCase& made : maker(m, version))
      if (seen.insert(made.name).second) result.push_back(std::move(made));
  }
  return result;
}

}  // namespace dagan::bench
