#include "core/tape.h"

#include <algorithm>
#include <ostream>

namespace dagan {

Shape Tensor::shape() const { return (*tape)[*this].shape; }
DType Tensor::dtype() const { return (*tape)[*this].dtype; }
std::string Tensor::name() const { return (*tape)[*this].name; }

std::ostream& operator<<(std::ostream& out, const Tensor& t) {
  if (!t) return out << "(no tensor)";
  return out << t.name() << ' ' << t.shape();
}

void Op::vjp(const Node& node, Gradients&) const {
  fail(Fault::bug, "[", name(), "] has no gradient, but one was asked for through ", node.out[0]);
}

std::string Tape::scoped(const std::string& name) const {
  std::string prefix;
  for (const std::string& scope : scopes_) prefix += scope + '.';
  const std::string full = prefix + name;
  const auto taken = [&](const std::string& candidate) {
    return std::any_of(values_.begin(), values_.end(),
                       [&](const Value& v) { return v.name == candidate; });
  };
  if (!taken(full)) return full;
  for (int i = 2;; ++i) {
    if (std::string candidate = text(full, '#', i); !taken(candidate)) return candidate;
  }
}

Tensor Tape::make(std::string name, Shape shape, Life life, DType dtype) {
  check(shape.n > 0 && shape.h > 0 && shape.w > 0 && shape.c > 0, "[tape] ", name, " ", shape,
        " has an extent that is not positive");
  if (life == Life::persistent) {
    for (int i = 0; i < int(values_.size()); ++i) {
      if (values_[i].name != name) continue;
      check(values_[i].life == Life::persistent, "[tape] ", name,
            " is recorded already, as a value that does not outlive the program");
      check(values_[i].shape == shape && values_[i].dtype == dtype, "[tape] ", name,
            " is recorded as ", values_[i].shape, " and as ", shape);
      return {this, i};
    }
  } else {
    name = scoped(name);
  }
  Value value;
  value.name = std::move(name);
  value.shape = shape;
  value.dtype = dtype;
  value.life = life;
  value.pitch = shape.c;
  values_.push_back(std::move(value));
  return {this, int(values_.size()) - 1};
}

Tensor Tape::constant(std::string name, Shape shape, float fill) {
  const Tensor t = make(std::move(name), shape, Life::constant);
  values_[t.id].fill = fill;
  return t;
}

Tensor Tape::make_part(std::string name, Shape shape, Tensor whole, std::int64_t offset) {
  const Value& of = values_[whole.id];
  const bool flat = of.shape.pixels() == 1;
  check(of.whole < 0, "[tape] ", whole, " is itself a part: parts of parts are not supported");
  check(flat ? offset + shape.size() <= of.shape.c
             : shape.pixels() == of.shape.pixels() && offset + shape.c <= of.shape.c,
        "[tape] ", name, " ", shape, " at ", offset, " does not fit into ", whole);
  Value value;
  value.name = std::move(name);
  value.shape = shape;
  value.dtype = of.dtype;
  value.life = of.life;
  value.whole = whole.id;
  value.offset = offset;
  value.pitch = flat ? shape.c : of.pitch;
  value.version = of.version;
  value.last_writer = of.last_writer;
  values_.push_back(std::move(value));
  return {this, int(values_.size()) - 1};
}

void Tape::follow(Tensor copy, Tensor master) {
  check(copy.shape() == master.shape(), "[tape] ", copy, " cannot be a copy of ", master);
  values_[copy.id].master = master.id;
}

bool Tape::move_into(Tensor part, Tensor whole, std::int64_t channel) {
  Value& value = values_[part.id];
  const bool has_parts = std::any_of(values_.begin(), values_.end(),
                                     [&](const Value& v) { return v.whole == part.id; });
  if (value.life != Life::transient || value.whole >= 0 || has_parts) return false;
  value.whole = whole.id;
  value.offset = channel;
  value.pitch = values_[whole.id].pitch;
  return true;
}

void Tape::grow(Tensor flat, std::int64_t channels) {
  Value& value = values_[flat.id];
  check(value.shape.pixels() == 1 && channels >= value.shape.c, "[tape] cannot grow ", flat, " to ",
        channels);
  value.shape.c = value.pitch = channels;
}

void Tape::keep(Tensor t) {
  Value& value = values_[t.id];
  check(value.whole < 0, "[tape] ", t, " is a part of another value and cannot be kept by itself");
  if (value.life == Life::transient) value.life = Life::output;
}

void Tape::written(int id, int node) {
  const auto mark = [&](Value& value) {
    ++value.version;
    value.last_writer = node;
  };
  mark(values_[id]);
  if (values_[id].whole >= 0) mark(values_[values_[id].whole]);
  for (Value& value : values_) {
    if (value.whole == id) mark(value);
  }
}

void Tape::append_node(std::shared_ptr<const Op> op, std::vector<Tensor> in,
                       std::vector<Tensor> out) {
  Node node{std::move(op), std::move(in), std::move(out), {}, {}};
  const auto here = [&](Tensor t) {
    check(t.tape == this, "[", node.op->name(), "] ", t, " was recorded on another tape");
  };
  for (const Tensor& t : node.in) {
    here(t);
    node.in_versions.push_back(values_[t.id].version);
  }
  for (const Tensor& t : node.out) {
    here(t);
    written(t.id, int(nodes_.size()));
  }
  for (const Tensor& t : node.out) node.out_versions.push_back(values_[t.id].version);
  nodes_.push_back(std::move(node));
}

void Tape::extend_node(std::size_t node, std::shared_ptr<const Op> op, std::vector<Tensor> more) {
  nodes_[node].op = std::move(op);
  for (const Tensor& value : more) {
    check(value.tape == this, "[", nodes_[node].op->name(), "] ", value,
          " was recorded on another tape");
    written(value.id, int(node));
    nodes_[node].out.push_back(value);
    nodes_[node].out_versions.push_back(values_[value.id].version);
  }
}

Tensor Tape::find(std::string_view name) const {
  for (int i = 0; i < int(values_.size()); ++i) {
    if (values_[i].name == name) return {const_cast<Tape*>(this), i};
  }
  fail(Fault::bug, "[tape] there is no value called ", name);
}

std::string Tape::describe() const {
  std::ostringstream out;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    out << i << "  " << nodes_[i].op->name() << " :";
    for (const Tensor& t : nodes_[i].in) out << "  " << t;
    out << "  ->";
    for (const Tensor& t : nodes_[i].out) out << "  " << t;
    out << '\n';
  }
  return std::move(out).str();
}

}  // namespace dagan
