// The two networks on a picture. Both map an image to an image of the same size.
//
// G is a U-Net: what its encoder saw at each size is laid beside what its decoder makes of it
// (`concat`, which copies nothing). D is the same without these skips, so everything has to pass
// through its bottleneck. Without training both return nearly grey pictures.
#include <algorithm>
#include <iostream>
#include <vector>

#include "core/program.h"
#include "dagan/data/preprocess.h"
#include "dagan/data/synth.h"
#include "dagan/model/discriminator.h"
#include "dagan/model/generator.h"
#include "kernels/backend.h"

using namespace dagan;

constexpr Architecture kArchitecture = {.size = 64, .channels = 1, .width = 16};

template <class Network>
void look(const std::string& name, std::span<const float> picture) {
  Tape tape;
  const Tensor x = tape.make("picture", {1, 64, 64, 1}, Life::input);
  Parameters parameters(tape, name, Phase::evaluation);
  const Tensor y = Network(parameters, kArchitecture)(x);
  tape.keep(y);

  std::cout << name << ", " << parameters.flat().shape().size() << " parameters\n";
  for (const Node& node : tape.nodes()) {
    if (node.op->name().starts_with("conv")) {
      std::cout << "  " << node.in[0].shape() << " -> " << node.out[0].shape() << "  "
                << node.op->name() << '\n';
    }
  }

  Store store(cpu_backend().runtime);
  parameters.initialise(store, 1, 0.02f);
  Program program(tape, cpu_backend(), store);
  program.write(x, picture);
  program.run();
  const std::vector<float> values = program.read(y);
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  std::cout << "  values from " << *low << " to " << *high << '\n';
}

int main() {
  const SynthPicture piece = synthetic_picture({.size = 128}, 0, "");
  const Preprocessing how = {.size = 64, .channels = 1, .levels = {0, 255}};
  std::vector<float> picture(std::size_t(how.elements()));
  preprocess(piece.image, how, picture.data(), "picture 0");
  std::cout << "picture " << piece.image.shape << '\n';
  look<Generator>("generator", picture);
  look<Discriminator>("discriminator", picture);
}

// It prints:
//   picture (1,128,128,1)
//   generator, ... parameters
//     (1,64,64,1) -> (1,32,32,16)  conv2d_packed
//   discriminator, ... parameters
