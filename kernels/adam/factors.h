// What is the same for every parameter in one step of Adam, for host and device. No call of a
// mathematics library but the square root, which is exactly rounded: the same bits everywhere.
#pragma once
#include <cmath>
#include <cstdint>

#include "core/host_device.h"
#include "kernels/adam/adam.h"

namespace dagan::DAGAN_BACKEND {

struct AdamFactors {
  float beta1, one_minus_beta1, beta2, one_minus_beta2;
  float rate;        // learning_rate / (1 - beta1^t)
  float root_scale;  // 1 / sqrt(1 - beta2^t)
  float epsilon, decay, one_minus_decay;
};

// base^exponent; its relative error grows with the exponent, to 2^-53 * 2^32 at the very most.
DAGAN_HOST_DEVICE inline double power(double base, std::uint64_t exponent) {
  double result = 1;
  for (; exponent; exponent >>= 1) {
    if (exponent & 1) result *= base;
    base *= base;
  }
  return result;
}

DAGAN_HOST_DEVICE inline AdamFactors adam_factors(const AdamHyper& hyper, std::uint32_t step,
                                                  float learning_rate) {
  const std::uint64_t t = std::uint64_t(step) + 1;
  return {
      hyper.beta1,
      float(1 - double(hyper.beta1)),
      hyper.beta2,
      float(1 - double(hyper.beta2)),
      float(double(learning_rate) / (1 - power(double(hyper.beta1), t))),
      float(1 / std::sqrt(1 - power(double(hyper.beta2), t))),
      hyper.epsilon,
      hyper.average_decay,
      float(1 - double(hyper.average_decay)),
  };
}

}  // namespace dagan::DAGAN_BACKEND
