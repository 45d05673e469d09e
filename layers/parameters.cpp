#include "layers/parameters.h"

#include "core/bf16.h"
#include "core/random.h"

namespace dagan {
namespace {

// FNV-1a: a fixed number for a name.
std::uint64_t hash(const std::string& name) {
  std::uint64_t value = 0xcbf29ce484222325u;
  for (const char c : name) value = (value ^ std::uint8_t(c)) * 0x100000001b3u;
  return value;
}

}  // namespace

Parameters::Parameters(Tape& tape, std::string network, Phase phase, Weights weights,
                       DType activations, Runs runs)
    : tape_(tape),
      network_(std::move(network)),
      prefix_(network_ + (weights == Weights::averaged ? ".average" : "")),
      phase_(phase),
      activations_(activations),
      runs_(runs) {}

Tensor Parameters::add(Tensor& flat, const std::string& entry, const std::string& name,
                       Shape shape) {
  std::int64_t offset = 0;
  if (!flat) {
    flat = tape_.make(prefix_ + '.' + entry, {1, 1, 1, shape.size()}, Life::persistent);
  } else {
    offset = flat.shape().c;
    tape_.grow(flat, offset + shape.size());
    if (flat == flat_parameters_ && flat_rounded_) tape_.grow(flat_rounded_, flat.shape().c);
  }
  return tape_.make_part(network_ + '.' + name, shape, flat, offset);
}

Tensor Parameters::parameter(const std::string& name, Shape shape, Init init) {
  parameter_inits_.push_back(init);
  return parameters_.emplace_back(add(flat_parameters_, "parameters", name, shape));
}

Tensor Parameters::filter(const std::string& name, Shape shape) {
  const Tensor master = parameter(name, shape, Init::filter);
  if (activations_ == DType::f32) return master;
  // One element for each parameter, filter or not: the update rounds the whole flat buffer.
  const std::int64_t elements = flat_parameters_.shape().c;
  if (!flat_rounded_) {
    flat_rounded_ =
        tape_.make(prefix_ + ".rounded", {1, 1, 1, elements}, Life::persistent, activations_);
  }
  const Tensor copy = tape_.make_part(network_ + '.' + name + ".rounded", shape, flat_rounded_,
                                      tape_[master].offset);
  tape_.follow(copy, master);
  return copy;
}

Tensor Parameters::statistic(const std::string& name, std::int64_t channels, Init init) {
  statistic_inits_.push_back(init);
  return statistics_.emplace_back(add(flat_statistics_, "statistics", name, {1, 1, 1, channels}));
}

void Parameters::fill(Store& store, Tensor flat, const std::vector<Tensor>& parts,
                      const std::vector<Init>& inits, std::uint64_t seed, float deviation) const {
  if (!flat) return;
  std::vector<float> values(std::size_t(flat.shape().c));
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const float centre = inits[i] == Init::one || inits[i] == Init::gamma ? 1.0f : 0.0f;
    const bool random = inits[i] == Init::filter || inits[i] == Init::gamma;
    const std::uint64_t stream = hash(parts[i].name());
    float* out = values.data() + tape_[parts[i]].offset;
    for (std::int64_t j = 0; j < parts[i].shape().size(); ++j) {
      const auto words = Philox{seed}.words(stream, std::uint64_t(j));
      out[j] = random ? centre + deviation * normal(words[0], words[1]) : centre;
    }
  }
  store.entry(flat.name(), flat.shape());
  store.write<float>(flat.name(), values);
}

void Parameters::initialise(Store& store, std::uint64_t seed, float deviation) const {
  fill(store, flat_parameters_, parameters_, parameter_inits_, seed, deviation);
  fill(store, flat_statistics_, statistics_, statistic_inits_, seed, deviation);
  round(store);
}

void Parameters::round(Store& store) const {
  if (!flat_rounded_) return;
  const std::vector<float> values = store.read<float>(flat_parameters_.name());
  std::vector<bf16> rounded;
  for (const float value : values) rounded.emplace_back(value);
  store.entry(flat_rounded_.name(), flat_rounded_.shape(), flat_rounded_.dtype());
  store.write<bf16>(flat_rounded_.name(), rounded);
}

}  // namespace dagan
