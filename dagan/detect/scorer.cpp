#include "dagan/detect/scorer.h"

#include <algorithm>

#include "dagan/model/discriminator.h"
#include "dagan/model/generator.h"
#include "layers/arithmetic.h"
#include "layers/residual.h"

namespace dagan {
namespace {

// One network's reconstruction and its map.
struct Reading {
  Tensor reconstruction, map;
};

template <class Network>
Reading read(Tape& tape, Tensor images, const char* name, const Architecture& a, const Scoring& s,
             Weights weights, Runs runs) {
  Parameters parameters(tape, name, Phase::evaluation, weights, DType::f32, runs);
  const Network network(parameters, a);
  const Tensor reconstruction = network(images);
  Tensor map = pooled_residual(images, reconstruction, s.pool_radius);
  if (s.standardise) {
    const Shape shape = {1, a.size, a.size, 1};
    map = standardise(map, tape.make(text(name, ".residual.mean"), shape, Life::persistent),
                      tape.make(text(name, ".residual.spread"), shape, Life::persistent));
  }
  return {reconstruction, map};
}

}  // namespace

Scorer::Scorer(const Architecture& a, const Scoring& s, Weights weights, const Backend& backend,
               Store& store, std::int64_t batch, Runs runs)
    : batch_(batch),
      image_size_(a.size * a.size * a.channels),
      map_size_(a.size * a.size),
      images_(tape_.make("images", {batch, a.size, a.size, a.channels}, Life::input)) {
  check_architecture(a);
  check_scoring(s);
  Reading reading;
  if (s.residual != Residual::discriminator) {
    reading = read<Generator>(tape_, images_, "generator", a, s, weights, runs);
  }
  if (s.residual != Residual::generator) {
    const Reading second =
        read<Discriminator>(tape_, images_, "discriminator", a, s, weights, runs);
    if (s.residual == Residual::both) reading.map = reading.map + second.map;
    if (s.residual == Residual::discriminator) reading = second;
  }
  reconstruction_ = reading.reconstruction;
  map_ = reading.map;
  score_ = top_mean(map_, s.top_fraction);
  for (const Tensor& t : {reconstruction_, map_, score_}) tape_.keep(t);
  program_ = std::make_unique<Program>(tape_, backend, store);
  staging_.resize(std::size_t(batch * image_size_));
  reconstructions_.resize(staging_.size());
  maps_.resize(std::size_t(batch * map_size_));
  scores_.resize(std::size_t(batch));
}

void Scorer::operator()(std::span<const float> images) {
  count_ = std::int64_t(images.size()) / image_size_;
  check(count_ >= 1 && count_ <= batch_ && count_ * image_size_ == std::int64_t(images.size()),
        "[scorer] ", images.size(), " values are not 1 to ", batch_, " images of ", image_size_);
  std::copy(images.begin(), images.end(), staging_.begin());
  program_->write<float>(images_, staging_);
  program_->run();
  program_->read<float>(reconstruction_, reconstructions_);
  program_->read<float>(map_, maps_);
  program_->read<float>(score_, scores_);
}

std::span<const float> Scorer::map(std::int64_t i) const {
  return std::span(maps_).subspan(std::size_t(i * map_size_), std::size_t(map_size_));
}

std::span<const float> Scorer::reconstruction(std::int64_t i) const {
  return std::span(reconstructions_)
      .subspan(std::size_t(i * image_size_), std::size_t(image_size_));
}

}  // namespace dagan
