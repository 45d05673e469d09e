// Adam (Kingma and Ba, ICLR 2015, algorithm 1) over one flat buffer, with an exponential average of
// the parameters (Polyak averaging). With t = step + 1, the number of this update from 1 on:
//
//   m <- beta1 * m + (1 - beta1) * dp          v <- beta2 * v + (1 - beta2) * dp^2
//   p <- p - learning_rate / (1 - beta1^t) * m / (sqrt(v / (1 - beta2^t)) + epsilon)
//   average <- average_decay * average + (1 - average_decay) * p     only where `average` is given
//   shadow <- bf16(p)     only where `shadow` is given: the filters of mixed precision
//
// `all_finite` sets finite (u32) to 1 when every element is finite, else to 0; `adam` changes
// nothing when `finite` is given and 0: a bad gradient never reaches the parameters.
//
// shapes    dp, p, m, v, average (1,1,1,T) f32, shadow (1,1,1,T) bf16, contiguous; scalars: step
//           and finite u32, learning_rate f32. What changes from step to step is read from memory,
//           so that a captured graph stays right.
// cost      about 14 flop an element; 7 elements moved (9 with the average), and half of one
//           with the shadow
// aliasing  none
#pragma once
#include "core/view.h"
#include "kernels/namespace.h"

namespace dagan {

struct AdamHyper {
  float beta1 = 0.5f, beta2 = 0.999f, epsilon = 1e-8f;
  float average_decay = 0;
};

using AllFiniteFn = void(const Launch&, View x, View finite);
using AdamFn = void(const Launch&, AdamHyper, View dp, View step, View learning_rate, View finite,
                    View p, View m, View v, View average, View shadow);

namespace DAGAN_BACKEND {
AllFiniteFn all_finite;
AdamFn adam;
}  // namespace DAGAN_BACKEND

}  // namespace dagan
