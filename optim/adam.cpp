#include "optim/adam.h"

#include "kernels/kernels.h"
#include "layers/arithmetic.h"

namespace dagan {
namespace {

// in {x}, out {finite}
struct AllFinite final : Op {
  std::string_view name() const override { return "all_finite"; }
  void run(const Kernels& k, const Launch& at, std::span<const View> in,
           std::span<const View> out) const override {
    k.all_finite(at, in[0], out[0]);
  }
};

// in {dp, step, learning rate, finite}, out {p, m, v[, average][, rounded]}
struct AdamUpdate final : Op {
  AdamUpdate(AdamHyper h, bool averages, bool rounds)
      : hyper(h), average(averages), rounded(rounds) {}
  AdamHyper hyper;
  bool average, rounded;

  std::string_view name() const override { return "adam"; }
  void run(const Kernels& k, const Launch& at, std::span<const View> in,
           std::span<const View> out) const override {
    k.adam(at, hyper, in[0], in[1], in[2], in[3], out[0], out[1], out[2], average ? out[3] : View{},
           rounded ? out.back() : View{});
  }
};

}  // namespace

Adam::Adam(Tensor step, Tensor learning_rate, AdamHyper hyper)
    : step_(step), learning_rate_(learning_rate), hyper_(hyper) {}

Tensor Adam::update(const Parameters& parameters, std::span<const Tensor> gradients) const {
  Tape& tape = parameters.tape();
  const Tensor p = parameters.flat();
  std::int64_t elements = 0;
  for (const Tensor& g : gradients) elements += g.shape().size();
  const int whole = gradients.empty() ? -1 : tape[gradients[0]].whole;
  check(whole >= 0 && elements == p.shape().size(), "[adam] ", gradients.size(), " gradients with ",
        elements, " elements do not cover ", p);
  const Tensor dp = {&tape, whole};

  const std::string& network = parameters.network();
  const Tensor m = tape.make(network + ".adam.m", p.shape(), Life::persistent);
  const Tensor v = tape.make(network + ".adam.v", p.shape(), Life::persistent);
  const Tensor finite = tape.make(network + ".finite", {}, Life::output, DType::u32);
  std::vector<Tensor> out = {p, m, v};
  if (hyper_.average_decay > 0) {
    out.push_back(tape.make(network + ".average.parameters", p.shape(), Life::persistent));
  }
  const Tensor rounded = parameters.rounded();
  if (rounded) out.push_back(rounded);
  tape.append(AllFinite(), {dp}, {finite});
  tape.append(AdamUpdate(hyper_, hyper_.average_decay > 0, bool(rounded)),
              {dp, step_, learning_rate_, finite}, std::move(out));
  return finite;
}

void Adam::average_statistics(const Parameters& parameters) const {
  const Tensor statistics = parameters.flat_statistics();
  if (!statistics || hyper_.average_decay <= 0) return;
  const Tensor average = parameters.tape().make(parameters.network() + ".average.statistics",
                                                statistics.shape(), Life::persistent);
  linear_into(statistics, average,
              {.alpha = 1 - hyper_.average_decay, .beta = hyper_.average_decay}, average);
}

}  // namespace dagan
