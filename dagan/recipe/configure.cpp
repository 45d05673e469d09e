#include "dagan/recipe/configure.h"

namespace dagan {

Architecture architecture_of(const Recipe& r, std::int64_t channels) {
  return {.size = r.data.size,
          .channels = channels,
          .levels = r.model.levels,
          .width = r.model.width,
          .slope = float(r.model.slope),
          .decoder_norm = r.model.decoder_norm};
}

StepOptions step_options_of(const Recipe& r, std::int64_t channels) {
  StepOptions o;
  o.architecture = architecture_of(r, channels);
  o.batch = r.train.batch;
  o.discriminator = r.model.kind == "dagan";
  o.game = r.loss.game == "hinge" ? Game::hinge : r.loss.game == "adae" ? Game::adae : Game::paper;
  o.turns = r.loss.turns == "simultaneous" ? Turns::simultaneous : Turns::alternating;
  o.norm = r.loss.norm == "absolute" ? Norm::absolute : Norm::squared;
  o.adversarial = r.loss.adversarial;
  o.generator = r.loss.generator;
  o.discriminator_weight = r.loss.discriminator;
  o.margin = r.loss.margin;
  o.balance = r.loss.balance;
  o.adam = {.beta1 = float(r.train.beta1),
            .beta2 = float(r.train.beta2),
            .average_decay = float(r.train.average_decay)};
  o.activations = r.train.precision == "bf16" ? DType::bf16 : DType::f32;
  const auto seed = std::uint64_t(r.train.seed);
  const bool horizontal = r.augment.flip_horizontal == "on",
             vertical = r.augment.flip_vertical == "on";
  if (horizontal || vertical || r.augment.shift > 0) {
    o.augment = AugmentGeometry{.seed = seed,
                                .flip_horizontal = horizontal,
                                .flip_vertical = vertical,
                                .shift = int(r.augment.shift)};
  }
  if (r.repair.rectangles > 0 || r.repair.noise > 0) {
    o.corrupt = CorruptGeometry{.seed = seed,
                                .rectangles = int(r.repair.rectangles),
                                .side_min = float(r.repair.side_min),
                                .side_max = float(r.repair.side_max),
                                .brightness = float(r.repair.brightness),
                                .noise = float(r.repair.noise)};
  }
  return o;
}

Scoring scoring_of(const Recipe& r) {
  return {.residual = r.detect.residual == "both"            ? Residual::both
                      : r.detect.residual == "discriminator" ? Residual::discriminator
                                                             : Residual::generator,
          .pool_radius = int(r.detect.pool_radius),
          .top_fraction = float(r.detect.top_fraction),
          .standardise = r.detect.standardise,
          .spread_shrinkage = float(r.detect.spread_shrinkage)};
}

Schedule schedule_of(const Recipe& r) {
  return r.train.schedule == "cosine" ? Schedule::cosine : Schedule::constant;
}

Weights weights_of(const Recipe& r) {
  return float(r.train.average_decay) > 0 ? Weights::averaged : Weights::live;
}

}  // namespace dagan
