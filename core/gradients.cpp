#include "core/gradients.h"

#include <algorithm>

namespace dagan {

Gradients::Gradients(Tape& tape, std::vector<char> wanted)
    : tape_(tape),
      wanted_(std::move(wanted)),
      known_(wanted_.size()),
      written_(wanted_.size(), 0) {}

void Gradients::seed(Tensor t, Tensor gradient) {
  known_[t.id] = gradient;
  written_[t.id] = 1;
}

std::optional<float> Gradients::number(Tensor t) const {
  const Tensor gradient = known_[t.id];
  if (!gradient || tape_[gradient].life != Life::constant) return std::nullopt;
  return tape_[gradient].fill;
}

bool Gradients::set(Tensor t, float number) {
  const Value& value = tape_[t];
  if (!wants(t) || value.whole >= 0 || value.shape != Shape{} || value.dtype != DType::f32)
    return false;
  int readers = 0;
  for (const Node& node : tape_.nodes())
    readers += int(std::count(node.in.begin(), node.in.end(), t));
  const bool has_parts = std::any_of(tape_.values().begin(), tape_.values().end(),
                                     [&](const Value& v) { return v.whole == t.id; });
  if (readers > 1 || has_parts) return false;
  seed(t, tape_.constant(text("d(", t.name(), ")"), {}, number));
  return true;
}

bool Gradients::has(Tensor t) const {
  const int whole = tape_[t].whole;
  return written_[t.id] || (whole >= 0 && written_[whole]);
}

bool Gradients::has_only_parts(Tensor t) const {
  if (has(t)) return false;
  for (std::size_t i = 0; i < written_.size(); ++i) {
    if (written_[i] && tape_.values()[i].whole == t.id) return true;
  }
  return false;
}

Tensor Gradients::of(Tensor t) {
  check(has(t), "[backward] ", t, " has no gradient");
  return make(t);
}

Tensor Gradients::make(Tensor t) {
  if (known_[t.id]) return known_[t.id];
  const Value value = tape_[t];  // a copy: making values moves them
  const std::string name = text("d(", value.name, ")");
  if (value.whole < 0) {
    known_[t.id] = tape_.make(name, value.shape, Life::transient, value.dtype);
  } else {
    const Tensor whole = make({&tape_, value.whole});
    known_[t.id] = tape_.make_part(name, value.shape, whole, value.offset);
  }
  return known_[t.id];
}

std::optional<Gradients::Target> Gradients::into(Tensor t) {
  if (!wants(t)) return std::nullopt;
  if (tape_[t].master >= 0) t = {&tape_, tape_[t].master};
  const bool written = has(t);
  if (!written) {
    for (std::size_t i = 0; i < wanted_.size(); ++i) {
      check(!written_[i] || tape_.values()[i].whole != t.id, "[backward] ", t,
            " would overwrite the gradient of its part ", tape_.values()[i].name,
            ": use the part before the whole when recording");
    }
  }
  written_[t.id] = 1;
  const Tensor gradient = make(t);
  check(tape_[gradient].life != Life::constant, "[backward] ", t,
        " has a number for a gradient, and another is to be added");
  return Target{gradient, written ? Write::accumulate : Write::overwrite};
}

namespace {

// Which values a wanted leaf flows into, and so need a gradient on the way back.
std::vector<char> reached_by(const Tape& tape, std::span<const Tensor> wanted) {
  const std::vector<Value>& values = tape.values();
  std::vector<char> reached(values.size(), 0);
  const auto mark = [&](int id) {
    reached[id] = 1;
    if (values[id].whole >= 0) {
      reached[values[id].whole] = 1;
      return;
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (values[i].whole == id) reached[i] = 1;
    }
  };
  for (const Tensor& t : wanted) {
    if (values[t.id].whole >= 0) {
      reached[t.id] = 1;  // and not the other parts of a flat buffer
    } else {
      mark(t.id);
    }
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i].master >= 0 && reached[values[i].master]) reached[i] = 1;
  }
  for (const Node& node : tape.nodes()) {
    bool any = false;
    for (const Tensor& t : node.in) any = any || reached[t.id];
    if (!any) continue;
    for (const Tensor& t : node.out) {
      if (values[t.id].life != Life::persistent) mark(t.id);
    }
  }
  return reached;
}

// What the gradient nodes [first, end) read of node's tensors must be what node itself saw.
void check_unchanged(const Tape& tape, const Node& node, std::size_t first) {
  const auto compare = [&](const std::vector<Tensor>& tensors, const std::vector<int>& versions) {
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      const Tensor t = tensors[i];
      if (tape[t].version == versions[i]) continue;
      for (std::size_t j = first; j < tape.nodes().size(); ++j) {
        for (const Tensor& read : tape.nodes()[j].in) {
          check(!(read == t), "[backward] the gradient of ", node.op->name(), " -> ", node.out[0],
                " needs ", t, ", which node ", tape[t].last_writer, " (",
                tape.nodes()[tape[t].last_writer].op->name(),
                ") has overwritten since: record the backward pass before the update");
        }
      }
    }
  };
  compare(node.in, node.in_versions);
  compare(node.out, node.out_versions);
}

}  // namespace

std::vector<Tensor> backward(Tensor loss, std::span<const Tensor> wanted) {
  check(loss.shape() == Shape{}, "[backward] the loss must be a scalar, but is ", loss);
  return backward({loss, loss.tape->constant(text("d(", loss.name(), ")"), {}, 1.0f)}, wanted);
}

std::vector<Tensor> backward(Known from, std::span<const Tensor> wanted) {
  const Tensor loss = from.of;
  Tape& tape = *loss.tape;
  check(from.gradient.tape == &tape &&
            (tape[from.gradient].version > 0 || tape[from.gradient].life == Life::constant),
        "[backward] ", from.gradient, " has not been written");
  check(from.gradient.shape() == loss.shape() && from.gradient.dtype() == loss.dtype(),
        "[backward] ", from.gradient, " cannot be the gradient of ", loss);
  const std::size_t count = tape.nodes().size();
  Gradients gradients(tape, reached_by(tape, wanted));
  std::vector<int> writer(tape.values().size(), -1);  // of values that have a gradient
  check(gradients.wants(loss), "[backward] ", loss, " depends on none of the wanted values");
  gradients.seed(loss, from.gradient);

  for (std::size_t i = count; i-- > 0;) {
    const Node node = tape.nodes()[i];  // a copy: vjp appends to the tape
    bool reached = false;
    for (const Tensor& t : node.out) {
      check(tape[t].life == Life::persistent || !gradients.has_only_parts(t), "[backward] ",
            node.op->name(), " makes ", t, ", of which only parts have a gradient");
      if (!gradients.has(t) || !gradients.wants(t)) continue;
      // One gradient cannot belong to what a value held before and after it was overwritten.
      const bool updates = std::find(node.in.begin(), node.in.end(), t) != node.in.end();
      check(!updates && writer[t.id] < 0, "[backward] node ", updates ? int(i) : writer[t.id],
            " overwrites ", t, " with what the loss depends on: write to a new value instead");
      writer[t.id] = int(i);
      reached = true;
    }
    if (!reached) continue;
    const std::size_t first = tape.nodes().size();
    gradients.at_node(i);
    node.op->vjp(node, gradients);
    check_unchanged(tape, node, first);
  }

  std::vector<Tensor> result;
  for (const Tensor& t : wanted) {
    check(gradients.has(t), "[backward] ", loss, " does not depend on ",
          gradients.has_only_parts(t) ? "all parts of " : "", t);
    result.push_back(gradients.of(t));
  }
  return result;
}

}  // namespace dagan
