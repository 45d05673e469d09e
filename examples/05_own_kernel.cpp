// Train on a kernel of your own: copy the table of kernels, replace one entry.
//
// A kernel is a plain function with the signature that its header promises (here
// kernels/activation/activation.h). The ops call whatever the table holds, so nothing else changes.
#include <algorithm>
#include <iostream>
#include <vector>

#include "core/random.h"
#include "dagan/model/step.h"
#include "kernels/backend.h"
#include "kernels/kernels.h"

using namespace dagan;

int calls = 0;

// `pitch` elements lie between two pixels: a view may be a channel slice of a wider tensor.
void my_leaky_relu(const Launch&, float slope, View x, View y) {
  ++calls;
  for (std::int64_t pixel = 0; pixel < x.shape.pixels(); ++pixel) {
    const float* from = x.as<const float>() + pixel * x.pitch;
    float* to = y.as<float>() + pixel * y.pitch;
    for (std::int64_t c = 0; c < x.shape.c; ++c) to[c] = std::max(from[c], slope * from[c]);
  }
}

bool equal_to(LeakyReluFn* other) {
  constexpr Shape kShape = {2, 5, 7, 3};
  std::vector<float> x(std::size_t(kShape.size())), mine(x.size()), theirs(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = uniform(Philox{1}.words(0, i)[0]) - 0.5f;
  my_leaky_relu({}, 0.2f, view_of(x.data(), kShape), view_of(mine.data(), kShape));
  other({}, 0.2f, view_of(x.data(), kShape), view_of(theirs.data(), kShape));
  return mine == theirs;
}

float train(const Backend& backend) {
  const TrainingStep step(
      {.architecture = {.size = 16, .channels = 1, .levels = 3, .width = 4}, .batch = 4});
  Store store(backend.runtime);
  step.initialise(store, 1, 0.02f);
  Program program(step.tape(), backend, store);
  std::vector<float> images(std::size_t(step.images().shape().size()));
  for (std::size_t i = 0; i < images.size(); ++i) images[i] = i % 3 == 0 ? 0.5f : -0.5f;
  store.set(TrainingStep::kLearningRate, 1e-3f);
  for (std::uint32_t i = 0; i < 20; ++i) {
    program.write<float>(step.images(), images);
    store.set(TrainingStep::kStep, i);
    program.run();
  }
  return program.scalar(step.generator_loss);
}

int main() {
  Kernels kernels = *cpu_backend().kernels;
  std::cout << "one call: " << (equal_to(kernels.leaky_relu) ? "same bits" : "different") << '\n';
  kernels.leaky_relu = my_leaky_relu;
  Backend mine = cpu_backend();
  mine.name = "mine";
  mine.kernels = &kernels;

  const float ours = train(mine), theirs = train(cpu_backend());
  std::cout << "loss after 20 steps: " << ours << " in " << calls << " calls of mine\n"
            << "training: " << (ours == theirs ? "same bits" : "different") << '\n';
}

// It prints:
//   one call: same bits
//   loss after 20 steps: ... in ... calls of mine
//   training: same bits
