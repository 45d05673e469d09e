// What the gradient on the CPU needs to know of the activation that follows.
#pragma once

namespace dagan::cpu {

struct Activation {  // of z = (x - mean) * scale + beta, a scale and a beta for each channel
  const float *scale, *beta;
  float slope;
};

}  // namespace dagan::cpu
