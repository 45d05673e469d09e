// Reverse-mode differentiation that records: the backward pass is more nodes on the same tape.
#pragma once
#include <optional>
#include <span>
#include <vector>

#include "core/tape.h"

namespace dagan {

// The gradients known so far while a backward pass is being recorded. The gradient of a part is the
// same part of the gradient of the whole: concatenation and flat parameter buffers need no copies.
class Gradients {
 public:
  struct Target {
    Tensor tensor;
    Write write;  // overwrite for the first contribution, accumulate after that
  };

  Gradients(Tape& tape, std::vector<char> wanted);

  Tensor of(Tensor t);  // throws if there is none
  // Whether all of t's gradient has been written, by itself or with the whole that it is a part of.
  bool has(Tensor t) const;
  bool wants(Tensor t) const { return t.id < int(wanted_.size()) && wanted_[t.id]; }
  // Where to write a gradient of t, or nothing when no wanted leaf lies behind it.
  std::optional<Target> into(Tensor t);
  void seed(Tensor t, Tensor gradient);

  // The node whose op is recording its gradient.
  std::size_t node() const { return node_; }
  void at_node(std::size_t index) { node_ = index; }

  // The gradient of a scalar where it is a number that is known already: the loss's own is 1.
  std::optional<float> number(Tensor t) const;
  // Makes it such a number. False where that cannot be: t is no f32 scalar of its own, is not
  // wanted, or is used more than once, so that something could be added later.
  bool set(Tensor t, float number);
  // The parts of a gradient that are written while the rest is not mean nothing to an op that made
  // the whole at once.
  bool has_only_parts(Tensor t) const;

  Tape& tape() const { return tape_; }

 private:
  Tensor make(Tensor t);

  Tape& tape_;
  std::size_t node_ = 0;
  std::vector<char> wanted_;
  std::vector<Tensor> known_;  // by value id
  std::vector<char> written_;
};

// Records the gradient of the scalar `loss` with respect to each of `wanted` (parts of one flat
// value give parts of one flat gradient), computing only what they need. Throws when the loss does
// not depend on one of them, when an op in between has no gradient, when a value in between is
// written twice, and when a value that the backward pass has to read was overwritten after the
// forward pass read it; the message names both places.
std::vector<Tensor> backward(Tensor loss, std::span<const Tensor> wanted);

// The same from a gradient that is known further down: that of `of` is `gradient`, a tensor of its
// shape and type that is written already.
struct Known {
  Tensor of, gradient;
};
std::vector<Tensor> backward(Known from, std::span<const Tensor> wanted);

// The same for one tensor.
inline Tensor backward(Tensor loss, Tensor wanted) {
  return backward(loss, std::span<const Tensor>(&wanted, 1))[0];
}

}  // namespace dagan
