// A convolution layer learns the filter of another one, from examples alone.
//
// The update is recorded on the same tape as the loss, so one run() is one whole training step.
// What lives longer than a step (parameters, moments, the step count) lies in the Store, by name.
#include <array>
#include <iomanip>
#include <iostream>
#include <vector>

#include "core/gradients.h"
#include "core/program.h"
#include "core/random.h"
#include "kernels/backend.h"
#include "layers/conv2d.h"
#include "layers/losses.h"
#include "optim/adam.h"

using namespace dagan;

int main() {
  Tape tape;
  const Tensor x = tape.make("x", {4, 12, 12, 1}, Life::input);
  const Tensor edge = tape.make("edge", {1, 3, 3, 1}, Life::input);

  Parameters parameters(tape, "student", Phase::training);
  const Conv2d student(parameters, "layer", 1, 1, 3, {.pad = 1}, Bias::none);
  const Tensor target = conv2d(x, edge, {}, {.pad = 1});
  const Tensor loss = mean_squared_error(student(x), target);
  tape.keep(loss);

  const Tensor step = tape.make("step", {}, Life::persistent, DType::u32);
  const Tensor rate = tape.make("rate", {}, Life::persistent);
  const Adam adam(step, rate, {.beta1 = 0.9f});
  adam.update(parameters, backward(loss, parameters.all()));

  Store store(cpu_backend().runtime);
  parameters.initialise(store, 1, 0.02f);
  store.entry("step", {}, DType::u32);
  store.entry("rate", {});
  store.set<float>("rate", 0.02f);
  Program program(tape, cpu_backend(), store);

  std::vector<float> images(std::size_t(x.shape().size()));
  for (std::uint32_t i = 0; i <= 400; ++i) {
    for (std::size_t j = 0; j < images.size(); ++j) {
      images[j] = uniform(Philox{2}.words(i, j)[0]) - 0.5f;
    }
    program.write<float>(x, images);
    program.write<float>(edge, std::array{1.f, 0.f, -1.f, 2.f, 0.f, -2.f, 1.f, 0.f, -1.f});
    store.set("step", i);
    program.run();
    if (i % 100 == 0) std::cout << "step " << i << ", loss " << program.scalar(loss) << '\n';
  }
  std::cout << "learned" << std::fixed << std::setprecision(2) << std::showpos;
  for (const float value : program.read(parameters.all()[0])) std::cout << ' ' << value;
  std::cout << '\n';
}

// It prints:
//   step 0, loss ...
//   step 400, loss ...
//   learned +1.00 ... -1.00 +2.00 ... -2.00 +1.00 ... -1.00
