// The Adam optimiser (kernels/adam/adam.h has the formulas), recorded as one node over a network's
// flat parameters, with averaged weights.
#pragma once
#include <span>

#include "kernels/adam/adam.h"
#include "layers/parameters.h"

namespace dagan {

class Adam {
 public:
  // step: u32 scalar, the number of steps done before this one; learning_rate: f32 scalar. Both are
  // read when the program runs, so that a schedule needs no new tape.
  Adam(Tensor step, Tensor learning_rate, AdamHyper hyper);

  // One update of every parameter. `gradients` come from backward(loss, parameters.all()). Returns
  // the u32 scalar (an output) that says whether all gradients were finite: if not, nothing was
  // changed. Store entries: <network>.adam.m, <network>.adam.v and, with an average,
  // <network>.average.parameters, which moves too.
  Tensor update(const Parameters& parameters, std::span<const Tensor> gradients) const;

  // Moves the averaged running statistics (<network>.average.statistics); to be recorded after the
  // last node that changes them. Nothing without statistics or without an average.
  void average_statistics(const Parameters& parameters) const;

 private:
  Tensor step_, learning_rate_;
  AdamHyper hyper_;
};

}  // namespace dagan
