// One step of the game, written out: both players, both losses and both updates on one tape.
//
// D learns to reconstruct real images well and generated ones differently; G learns to make images
// that D treats as it treats real ones, and that look like its input. dagan/model/step.cpp is this
// with every option that a recipe has.
#include <iostream>
#include <vector>

#include "core/gradients.h"
#include "core/program.h"
#include "dagan/data/preprocess.h"
#include "dagan/data/synth.h"
#include "dagan/model/discriminator.h"
#include "dagan/model/generator.h"
#include "kernels/backend.h"
#include "layers/arithmetic.h"
#include "layers/losses.h"
#include "optim/adam.h"

using namespace dagan;

constexpr std::int64_t kBatch = 8;
constexpr Architecture kArchitecture = {.size = 32, .channels = 1, .levels = 4, .width = 8};
constexpr Preprocessing kHow = {.size = 32, .channels = 1, .levels = {0, 255}};

int main() {
  Tape tape;
  const Tensor x = tape.make("images", {kBatch, 32, 32, 1}, Life::input);
  const Tensor step = tape.make("step", {}, Life::persistent, DType::u32);
  const Tensor rate = tape.make("rate", {}, Life::persistent);
  const Adam adam(step, rate, {});
  Parameters of_g(tape, "generator", Phase::training), of_d(tape, "discriminator", Phase::training);
  const Generator generator(of_g, kArchitecture);
  const Discriminator discriminator(of_d, kArchitecture);

  const Tensor fake = generator(x), d_real = discriminator(x), d_fake = discriminator(fake);
  const Tensor d_loss = mean_squared_error(x, d_real) - 0.1 * mean_squared_error(d_fake, d_real);
  adam.update(of_d, backward(d_loss, of_d.all()));

  const Tensor game = mean_squared_error(discriminator(fake), discriminator(x));  // D has moved
  const Tensor g_loss = 0.1 * game + 40 * mean_squared_error(fake, x);
  adam.update(of_g, backward(g_loss, of_g.all()));
  tape.keep(d_loss);
  tape.keep(g_loss);

  Store store(cpu_backend().runtime);
  of_g.initialise(store, 1, 0.02f);
  of_d.initialise(store, 1, 0.02f);
  Program program(tape, cpu_backend(), store);
  store.set("rate", 1e-3f);
  std::cout << tape.nodes().size() << " ops a step, " << program.memory().arena / 1024 << " KiB, "
            << program.memory().arena_without_reuse / 1024 << " KiB without reuse\n";

  std::vector<float> images(std::size_t(kBatch * kHow.elements()));
  for (std::int64_t i = 0; i < kBatch; ++i) {
    preprocess(synthetic_picture({.size = 64}, i, "").image, kHow, &images[i * kHow.elements()],
               "picture");
  }
  for (std::uint32_t i = 0; i <= 100; ++i) {
    program.write<float>(x, images);
    store.set("step", i);
    program.run();
    if (i % 50 != 0) continue;
    std::cout << "step " << i << ": D " << program.scalar(d_loss) << ", G "
              << program.scalar(g_loss) << '\n';
  }
}

// It prints:
//   ... ops a step, ... KiB, ... KiB without reuse
//   step 0: D ..., G ...
//   step 100: D ..., G ...
