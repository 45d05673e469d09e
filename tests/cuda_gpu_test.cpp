// The kernels on a GPU, where there is one: the same cases as under the emulator, and its bits.
#include <doctest/doctest.h>

#include "core/check.h"
#include "kernels/backend.h"
#include "kernels/versions.h"
#include "tests/apart_memory.h"
#include "tests/cases/conv2d.h"
#include "tests/gpu_cases.h"

namespace dagan::cases {
namespace {

bool without_gpu() {
  if (!has_cuda()) MESSAGE("skipped: no GPU");
  return !has_cuda();
}

// tanh, and the logarithm and the cosine of normal noise, are the GPU's own, and so is the order in
// which tensor cores add.
bool promises_bits(const OpCase& op) {
  for (const char* own : {"tanh", "corrupt"}) {
    if (op.name.starts_with(own)) return false;
  }
  return true;
}

std::string check_bits(const OpCase& op, const Backend& backend) {
  BoundCase here(op, *emulated_backend().kernels), there(op, *backend.kernels, backend.runtime);
  here.run();
  there.run();
  return here.outputs() == there.outputs() ? "" : text("[", op.name, "] other bits");
}

TEST_CASE("cuda: a device's memory is checked like the host's") {
  const Backend& apart = testing::apart_from_host(emulated_backend());
  for (const OpCase& op : gpu_cases()) {
    CHECK(check_kernel(op, apart) == "");
    CHECK(check_bits(op, apart) == "");
  }
  Kernels wrong = *apart.kernels;
  wrong.tanh = [](const Launch&, View x, View y) { y.as<float>()[x.shape.size()] = 0; };
  const Backend planted = {"planted", apart.runtime, &wrong};
  for (const OpCase& op : gpu_cases()) {
    if (op.name.starts_with("tanh (")) CHECK(check_kernel(op, planted) != "");
  }
}

TEST_CASE("cuda: every kernel agrees with its reference") {
  if (without_gpu()) return;
  for (const OpCase& op : gpu_cases()) CHECK(check_kernel(op, cuda_backend()) == "");
}

// A library need not have an algorithm for every problem.
std::string check_able(const KernelVersion& version, const OpCase& op, const Backend& backend) {
  try {
    return check_kernel(op, backend);
  } catch (const Error& error) {
    if (version.missing == nullptr || error.fault() != Fault::device) throw;
    return {};
  }
}

TEST_CASE("cuda: every version of the convolution agrees with the reference") {
  if (without_gpu()) return;
  for (const KernelVersion& version : kernel_versions(cuda_backend())) {
    const bool missing = version.missing != nullptr && version.missing() != nullptr;
    if (std::string(version.op) != "conv2d" || missing) continue;
    INFO(std::string(version.name));
    const Backend backend = {"version", cuda_backend().runtime, &version.entries};
    for (const auto& problems : {conv2d_small(), conv2d_large()}) {
      for (const Conv2dProblem& problem : problems) {
        for (const OpCase& op : conv2d_passes(version, problem)) {
          CHECK(check_able(version, op, backend) == "");
        }
      }
    }
  }
}

TEST_CASE("cuda: the bits of the emulator") {
  if (without_gpu()) return;
  for (const OpCase& op : gpu_cases()) {
    if (promises_bits(op)) CHECK(check_bits(op, cuda_backend()) == "");
  }
}

}  // namespace
}  // namespace dagan::cases
