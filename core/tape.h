// A tape is data: the ops in the order they were recorded, and the values they read and write. It
// is recorded once, planned once and run many times. Backward passes and updates are recorded on it
// too, so that a whole training step of both players of a GAN is one tape that can be printed and
// planned.
#pragma once
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/backend.h"
#include "core/check.h"
#include "core/tensor.h"

namespace dagan {

class Gradients;
struct Node;

// What a node does. An op knows its kernel and how to record its own gradient.
class Op {
 public:
  virtual ~Op() = default;
  virtual std::string_view name() const = 0;
  virtual void run(const Kernels&, const Launch&, std::span<const View> in,
                   std::span<const View> out) const = 0;

  // Records the ops that turn the gradients of node's outputs into gradients of its inputs. The
  // default says that the op has none, which is right for updates and for data preparation.
  virtual void vjp(const Node& node, Gradients&) const;

  // Bytes of scratch memory that run() needs at Launch::scratch.
  virtual std::int64_t scratch(const Kernels&, std::span<const View>, std::span<const View>) const {
    return 0;
  }

  // Bytes that run() finds at Launch::kept as the run before left them, zero at first. An op that
  // keeps any is prepared when a Program is made and whenever Program::prepare is called: what it
  // computes there, of persistent values, run() need not compute anew. It may use the scratch
  // memory too.
  virtual std::int64_t kept(const Kernels&, std::span<const View>, std::span<const View>) const {
    return 0;
  }
  virtual void prepare(const Kernels&, const Launch&, std::span<const View>,
                       std::span<const View>) const {}

  // Whether output 0 may lie in the memory of input 0, when nothing reads that input afterwards.
  virtual bool in_place() const { return false; }
};

struct Node {
  std::shared_ptr<const Op> op;
  std::vector<Tensor> in, out;
  // How often each tensor had been written when this node was done with it: what backward() has to
  // read later must not have changed since.
  std::vector<int> in_versions, out_versions;
};

enum class Life : std::uint8_t {
  transient,   // in the plan's arena, from its first writer to its last reader
  input,       // in the arena; the host writes it before a run
  output,      // in the arena; the host may read it after a run
  constant,    // in the arena; filled once with `fill`
  persistent,  // in the Store, under its name: it outlives the program
};

// A value may be a part of another: `offset` elements in, with that one's pitch. Parameters are
// parts of one flat buffer; the inputs of a concatenation are channel slices of its result.
struct Value {
  std::string name;
  Shape shape;
  DType dtype = DType::f32;
  Life life = Life::transient;
  int whole = -1;
  std::int64_t offset = 0;
  std::int64_t pitch = 0;
  int master = -1;  // the f32 value that this one is a rounded copy of: gradients belong to it
  float fill = 0;
  int version = 0;       // how often it or a part of it was written
  int last_writer = -1;  // node
};

class Tape {
 public:
  Tape() = default;
  Tape(const Tape&) = delete;  // tensors point to their tape
  Tape& operator=(const Tape&) = delete;

  // The name is prefixed by the open scopes and made unique; a persistent one is taken as it is,
  // and making it again gives the same tensor.
  Tensor make(std::string name, Shape shape, Life life = Life::transient, DType dtype = DType::f32);
  Tensor constant(std::string name, Shape shape, float fill);
  void keep(Tensor t);  // makes a transient value an output

  // Part of `whole`: a run of its elements if it is flat (n = h = w = 1), else a slice of its
  // channels.
  Tensor make_part(std::string name, Shape shape, Tensor whole, std::int64_t offset);
  // Declares that an update keeps `copy` equal to `master`, but for rounding: what is computed with
  // the copy has its gradient with respect to the master, in f32.
  void follow(Tensor copy, Tensor master);
  // Turns a transient value that owns its memory into a channel slice of `whole`; false if it
  // cannot be.
  bool move_into(Tensor part, Tensor whole, std::int64_t channel);
  // A flat value (1,1,1,C) grows while parts are still being added to it.
  void grow(Tensor flat, std::int64_t channels);

  template <class O>
  void append(O op, std::vector<Tensor> in, std::vector<Tensor> out) {
    append_node(std::make_shared<O>(std::move(op)), std::move(in), std::move(out));
  }

  // Lets a node be done by another op, which writes `more` values too: what else writes them, or
  // reads them, comes after it.
  template <class O>
  void extend(std::size_t node, O op, std::vector<Tensor> more) {
    extend_node(node, std::make_shared<O>(std::move(op)), std::move(more));
  }

  const std::vector<Node>& nodes() const { return nodes_; }
  const std::vector<Value>& values() const { return values_; }
  const Value& operator[](Tensor t) const { return values_[t.id]; }
  Tensor find(std::string_view name) const;  // by full name; throws if there is none

  std::string describe() const;  // one line a node: op, inputs, outputs with their shapes

 private:
  friend class Scope;
  void append_node(std::shared_ptr<const Op> op, std::vector<Tensor> in, std::vector<Tensor> out);
  void extend_node(std::size_t node, std::shared_ptr<const Op> op, std::vector<Tensor> more);
  void written(int id, int node);
  std::string scoped(const std::string& name) const;

  std::vector<Value> values_;
  std::vector<Node> nodes_;
  std::vector<std::string> scopes_;
};

// Names made while a Scope is open start with its name and a dot.
class Scope {
 public:
  Scope(Tape& tape, std::string name) : tape_(tape) { tape_.scopes_.push_back(std::move(name)); }
  ~Scope() { tape_.scopes_.pop_back(); }
  Scope(const Scope&) = delete;

 private:
  Tape& tape_;
};

}  // namespace dagan
