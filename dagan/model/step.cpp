#include "dagan/model/step.h"

#include "core/gradients.h"
#include "dagan/model/discriminator.h"
#include "dagan/model/generator.h"
#include "layers/activation.h"
#include "layers/arithmetic.h"
#include "layers/corrupt.h"
#include "layers/losses.h"
#include "optim/adam.h"

namespace dagan {
namespace {

Shape batch_shape(const StepOptions& o) {
  const Architecture& a = o.architecture;
  return {o.batch, a.size, a.size, a.channels};
}

// max(0, margin - x)
Tensor hinge(double margin, Tensor x) {
  return relu(linear(x, {}, {.alpha = -1, .constant = float(margin)}));
}

Tensor loss_of_discriminator(const StepOptions& o, Tensor reconstruction, Tensor adversarial) {
  const Tensor own = o.discriminator_weight * reconstruction;
  switch (o.game) {
    case Game::hinge: return own + o.adversarial * hinge(o.margin, adversarial);
    case Game::adae: return own - o.balance * adversarial;
    default: return own - o.adversarial * adversarial;
  }
}

void copy_entry(Store& store, const std::string& from, const std::string& to) {
  if (!store.has(from)) return;
  store.entry(to, store.view(from).shape);
  store.write<float>(to, store.read<float>(from));
}

}  // namespace

TrainingStep::TrainingStep(const StepOptions& o)
    : averages_(o.adam.average_decay > 0),
      images_(tape_.make("images", batch_shape(o), Life::input)),
      generator_(tape_, "generator", Phase::training, Weights::live, o.activations),
      discriminator_(tape_, "discriminator", Phase::training, Weights::live, o.activations) {
  check_architecture(o.architecture);
  const bool together = o.discriminator && o.turns == Turns::simultaneous;
  check(!together || o.game == Game::paper ||
            (o.game == Game::adae && o.adversarial <= 1e6 * o.balance),
        "[step] these players cannot learn from one meeting");
  const Tensor step = tape_.make(kStep, {}, Life::persistent, DType::u32);
  const Adam adam(step, tape_.make(kLearningRate, {}, Life::persistent), o.adam);
  const auto error = [&](Tensor a, Tensor b) {
    return o.norm == Norm::squared ? mean_squared_error(a, b) : mean_absolute_error(a, b);
  };

  const Tensor x = o.augment ? augment(images_, step, *o.augment) : images_;
  const Tensor damaged = o.corrupt ? corrupt(x, step, *o.corrupt) : x;
  const Generator generator(generator_, o.architecture);
  const Tensor fake = generator(damaged);
  Tensor d_fake_gradient;  // of D's loss with respect to fake

  if (o.discriminator) {
    const Discriminator discriminator(discriminator_, o.architecture);
    const Tensor d_real = discriminator(x), d_fake = discriminator(fake);
    discriminator_reconstruction = error(d_real, x);
    discriminator_adversarial = error(d_fake, o.game == Game::adae ? fake : d_real);
    discriminator_loss =
        loss_of_discriminator(o, discriminator_reconstruction, discriminator_adversarial);
    std::vector<Tensor> wanted = discriminator_.all();
    if (together) wanted.push_back(fake);
    discriminator_gradients = backward(discriminator_loss, wanted);
    if (together) {
      d_fake_gradient = discriminator_gradients.back();
      discriminator_gradients.pop_back();
    }
    discriminator_finite = adam.update(discriminator_, discriminator_gradients);
    if (together) {
      generator_adversarial = discriminator_adversarial;
    } else {
      const Tensor target = o.game == Game::adae ? fake : discriminator(x);
      generator_adversarial = error(discriminator(fake), target);
    }
  }
  generator_reconstruction = error(fake, x);
  const Tensor own = together ? backward(o.generator * generator_reconstruction, fake) : Tensor();
  generator_loss = o.discriminator ? o.adversarial * generator_adversarial +
                                         o.generator * generator_reconstruction
                                   : generator_reconstruction;
  if (together) {
    // D's loss holds G's adversarial loss with the opposite sign.
    const double factor = o.game == Game::adae ? o.adversarial / o.balance : 1;
    const Tensor both = linear(own, d_fake_gradient, {.alpha = 1, .beta = -float(factor)});
    generator_gradients = backward({fake, both}, generator_.all());
  } else {
    generator_gradients = backward(generator_loss, generator_.all());
  }
  generator_finite = adam.update(generator_, generator_gradients);
  adam.average_statistics(generator_);
  adam.average_statistics(discriminator_);

  for (const Tensor& t :
       {generator_loss, generator_reconstruction, generator_adversarial, discriminator_loss,
        discriminator_reconstruction, discriminator_adversarial}) {
    if (t) tape_.keep(t);
  }
  for (const auto* gradients : {&generator_gradients, &discriminator_gradients}) {
    if (o.keep_gradients && !gradients->empty()) {
      tape_.keep({&tape_, tape_[gradients->front()].whole});
    }
  }
}

void TrainingStep::initialise(Store& store, std::uint64_t seed, float deviation) const {
  for (const Parameters* network : {&generator_, &discriminator_}) {
    network->initialise(store, seed, deviation);
    if (!averages_) continue;
    for (const char* entry : {".parameters", ".statistics"}) {
      copy_entry(store, network->network() + entry, network->network() + ".average" + entry);
    }
  }
}

}  // namespace dagan
