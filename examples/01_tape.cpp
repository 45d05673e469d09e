// One op on a tape, with its gradient.
//
// Nothing is computed while a tape is recorded: a Tensor is only a name for a value to come. The
// backward pass is more ops on the same tape. A Program gives every value its place in memory once;
// run() is then a loop over the ops, as often as you like.
#include <array>
#include <iostream>

#include "core/gradients.h"
#include "core/program.h"
#include "kernels/backend.h"
#include "layers/activation.h"
#include "layers/losses.h"

using namespace dagan;

int main() {
  Tape tape;
  const Tensor x = tape.make("x", {.c = 3}, Life::input);
  const Tensor zero = tape.constant("zero", {.c = 3}, 0);
  const Tensor loss = mean_squared_error(tanh(x), zero);
  const Tensor dx = backward(loss, x);
  tape.keep(loss);  // outputs: the host may read them after a run
  tape.keep(dx);
  std::cout << tape.describe();

  Store store(cpu_backend().runtime);
  Program program(tape, cpu_backend(), store);
  program.write<float>(x, std::array{-1.0f, 0.5f, 2.0f});
  program.run();

  std::cout.precision(4);
  std::cout << "loss " << program.scalar(loss) << "\ngradient";
  for (const float value : program.read(dx)) std::cout << ' ' << value;
  std::cout << '\n';
}

// It prints:
//   0  tanh :  x (1,1,1,3)  ->  tanh (1,1,1,3)
//   loss 0.5743
//   gradient -0.2132 0.2423 0.04541
