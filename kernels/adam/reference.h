// The definition of the optimiser's step, in real numbers.
#pragma once
#include <cmath>

#include "core/bf16.h"
#include "kernels/adam/adam.h"
#include "kernels/array.h"

namespace dagan::reference {

inline void all_finite(Array<double> x, Array<double> finite) {
  finite[0] = 1;
  for (std::int64_t i = 0; i < x.size(); ++i)
    if (!std::isfinite(x[i])) finite[0] = 0;
}

inline void adam(AdamHyper hyper, Array<double> dp, Array<double> step, Array<double> learning_rate,
                 Array<double> finite, Array<double> p, Array<double> m, Array<double> v,
                 Array<double> average, Array<double> shadow) {
  if (finite && finite[0] == 0) return;
  const double beta1 = hyper.beta1, beta2 = hyper.beta2, decay = hyper.average_decay;
  const double correction1 = 1 - std::pow(beta1, step[0] + 1);
  const double correction2 = 1 - std::pow(beta2, step[0] + 1);
  for (std::int64_t i = 0; i < p.size(); ++i) {
    m[i] = beta1 * m[i] + (1 - beta1) * dp[i];
    v[i] = beta2 * v[i] + (1 - beta2) * dp[i] * dp[i];
    const double size = std::sqrt(v[i] / correction2) + double(hyper.epsilon);
    p[i] -= learning_rate[0] / correction1 * m[i] / size;
    if (average) average[i] = decay * average[i] + (1 - decay) * p[i];
    if (shadow) shadow[i] = double(float(bf16(float(p[i]))));
  }
}

}  // namespace dagan::reference
