// Where the values of a tape lie: memory is planned once, before anything runs.
//
// A value is needed from the op that writes it to the last one that reads it. Two values whose
// lives do not overlap may share bytes, so one arena holds a whole training step. Nothing is
// allocated while the program runs, and the numbers are the same with sharing and without.
#include <iostream>
#include <vector>

#include "core/gradients.h"
#include "core/program.h"
#include "kernels/backend.h"
#include "layers/activation.h"
#include "layers/conv2d.h"
#include "layers/losses.h"

using namespace dagan;

int main() {
  Tape tape;
  const Tensor x = tape.make("x", {1, 32, 32, 3}, Life::input);
  Parameters parameters(tape, "net", Phase::training);
  Tensor y = x;
  for (int i = 0; i < 4; ++i) {
    const Scope scope(tape, "block" + std::to_string(i));
    const Conv2d layer(parameters, "layer" + std::to_string(i), y.shape().c, 8, 3, {.pad = 1},
                       Bias::none);
    y = leaky_relu(layer(y), 0.2f);
  }
  const Tensor loss = mean_squared_error(y, tape.constant("zero", y.shape(), 0));
  tape.keep(loss);
  const Tensor dx = backward(loss, x);
  tape.keep(dx);
  std::cout << tape.describe();

  float losses[2];
  for (const bool reuse : {false, true}) {
    Store store(cpu_backend().runtime);
    parameters.initialise(store, 1, 0.2f);
    Program program(tape, cpu_backend(), store, {.reuse = reuse});
    program.write<float>(x, std::vector<float>(std::size_t(x.shape().size()), 0.5f));
    program.run();
    losses[reuse] = program.scalar(loss);
    std::cout << (reuse ? "shared:  " : "its own: ") << program.memory().arena << " bytes\n";
    if (!reuse) continue;
    std::cout << "dx lies at byte " << program.memory().offset[std::size_t(dx.id)] << '\n';
  }
  std::cout << (losses[0] == losses[1] ? "same bits" : "different") << '\n';
}

// It prints:
//   0  conv2d :  x (1,32,32,3)  net.layer0.filter (8,3,3,3)  ->  block0.conv2d (1,32,32,8)
//   its own: ... bytes
//   shared:  ... bytes
//   same bits
