// Train on a GPU kernel of your own, with or without a GPU.
//
// kernels/device/gpu.h is the language: CUDA's words, and a few for what the emulator has to see.
// This file is C++ here, so the emulator runs the kernel on the CPU; the same lines in a .cu are
// CUDA for nvcc. As in 05_own_kernel.cpp, one entry of a copied table makes the model train on it.
#include <iostream>
#include <vector>

#include "dagan/model/step.h"
#include "kernels/backend.h"
#include "kernels/device/gpu.h"
#include "kernels/kernels.h"

using namespace dagan;

constexpr std::int64_t kThreads = 128;
int launches = 0;

// At most 128 threads a block and 32 registers a thread. A view may be a slice of the channels of a
// wider tensor: `pitch` elements lie between two pixels.
GPU_KERNEL(kThreads, 32) my_leaky_relu_kernel(float slope, View x, View y) {
  const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= x.shape.size()) return;
  const std::int64_t pixel = i / x.shape.c, c = i % x.shape.c;
  const float value = static_cast<const float*>(x.data)[pixel * x.pitch + c];
  static_cast<float*>(y.data)[pixel * y.pitch + c] = value > 0 ? value : slope * value;
}

void my_leaky_relu(const Launch& launch, float slope, View x, View y) {
  ++launches;
  const std::int64_t blocks = (x.shape.size() + kThreads - 1) / kThreads;
  gpu::launch(launch, {.blocks = {blocks}, .threads = {kThreads}}, my_leaky_relu_kernel, slope, x,
              y);
}

float train(const Backend& backend) {
  const TrainingStep step(
      {.architecture = {.size = 16, .channels = 1, .levels = 3, .width = 4}, .batch = 2});
  Store store(backend.runtime);
  step.initialise(store, 1, 0.02f);
  Program program(step.tape(), backend, store);
  std::vector<float> images(std::size_t(step.images().shape().size()));
  for (std::size_t i = 0; i < images.size(); ++i) images[i] = i % 3 == 0 ? 0.5f : -0.5f;
  store.set(TrainingStep::kLearningRate, 1e-3f);
  for (std::uint32_t i = 0; i < 5; ++i) {
    program.write<float>(step.images(), images);
    store.set(TrainingStep::kStep, i);
    program.run();
  }
  return program.scalar(step.generator_loss);
}

int main() {
  Kernels kernels = *emulated_backend().kernels;
  kernels.leaky_relu = my_leaky_relu;
  Backend mine = emulated_backend();
  mine.kernels = &kernels;
  const float ours = train(mine), theirs = train(emulated_backend());
  std::cout << "loss after 5 steps: " << ours << " with " << launches << " launches of mine\n"
            << "training: " << (ours == theirs ? "same bits" : "different") << '\n';
}

// It prints:
//   loss after 5 steps: ... with ... launches of mine
//   training: same bits
