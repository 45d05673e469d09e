#include "core/program.h"

namespace dagan {
namespace {

// Shapes are all that an op needs to say how much scratch memory its kernel wants.
std::vector<View> shapes_of(const std::vector<Tensor>& tensors) {
  std::vector<View> views;
  for (const Tensor& t : tensors) {
    views.push_back({nullptr, t.shape(), t.dtype(), (*t.tape)[t].pitch});
  }
  return views;
}

}  // namespace

Program::Program(const Tape& tape, const Backend& backend, Store& store, PlanOptions options)
    : backend_(backend),
      arena_(nullptr, backend.runtime.release),
      kept_(nullptr, backend.runtime.release) {
  std::vector<std::int64_t> scratch, kept;  // bytes; kept: where each node's begin
  for (const Node& node : tape.nodes()) {
    const std::vector<View> in = shapes_of(node.in), out = shapes_of(node.out);
    scratch.push_back(node.op->scratch(*backend.kernels, in, out));
    kept.push_back(kept_bytes_);
    kept_bytes_ += aligned(node.op->kept(*backend.kernels, in, out));
  }
  plan_ = plan(tape, scratch, options);
  arena_.reset(static_cast<std::byte*>(backend.runtime.allocate(std::size_t(plan_.arena))));
  if (kept_bytes_ > 0)
    kept_.reset(static_cast<std::byte*>(backend.runtime.allocate(std::size_t(kept_bytes_))));

  const std::vector<Value>& values = tape.values();
  for (int id = 0; id < int(values.size()); ++id) {
    views_.push_back(bind(values, id, store));
    lives_.push_back(values[id].life);
    if (values[id].life == Life::constant && views_[id].data != nullptr) {
      const std::vector<float> fill(std::size_t(values[id].shape.size()), values[id].fill);
      backend.runtime.copy(views_[id].data, fill.data(), fill.size() * sizeof(float));
    }
  }
  for (std::size_t i = 0; i < tape.nodes().size(); ++i) {
    const Node& node = tape.nodes()[i];
    Step step{node.op, {}, {}, {.stream = backend.runtime.stream}};
    for (const Tensor& t : node.in) step.in.push_back(views_[t.id]);
    for (const Tensor& t : node.out) step.out.push_back(views_[t.id]);
    if (plan_.scratch[i] >= 0) step.launch.scratch = arena_.get() + plan_.scratch[i];
    if (kept_) step.launch.kept = kept_.get() + kept[i];
    steps_.push_back(std::move(step));
  }
  prepare();
}

void Program::prepare() {
  if (!kept_) return;
  const auto launches = [](const void* program) {
    const auto& self = *static_cast<const Program*>(program);
    for (const Step& step : self.steps_) {
      step.op->prepare(*self.backend_.kernels, step.launch, step.in, step.out);
    }
  };
  void* graph = nullptr;
  backend_.runtime.repeat(&graph, launches, this);
  if (graph) backend_.runtime.forget(graph);
}

View Program::bind(const std::vector<Value>& values, int id, Store& store) const {
  const Value& value = values[id];
  View view{nullptr, value.shape, value.dtype, value.pitch};
  if (value.life == Life::persistent) {
    const Value& whole = value.whole >= 0 ? values[value.whole] : value;
    const View entry = store.entry(whole.name, whole.shape, whole.dtype);
    view.data = entry.as<std::byte>() + value.offset * size_of(value.dtype);
  } else if (plan_.offset[id] >= 0) {
    view.data = arena_.get() + plan_.offset[id];
  }
  return view;
}

Program::~Program() {
  if (graph_) backend_.runtime.forget(graph_);
}

void Program::run() {
  const auto launches = [](const void* program) {
    const auto& self = *static_cast<const Program*>(program);
    for (const Step& step : self.steps_) {
      step.op->run(*self.backend_.kernels, step.launch, step.in, step.out);
    }
  };
  backend_.runtime.repeat(&graph_, launches, this);
  backend_.runtime.synchronise();
}

const View& Program::host_view(Tensor t, std::size_t bytes, bool writing) const {
  const View& view = views_.at(t.id);
  const Life life = lives_[t.id];
  check(life == Life::persistent ||
            (writing ? life == Life::input : life == Life::output || life == Life::constant),
        "[program] ", t, " is not an ", writing ? "input" : "output",
        ": its memory is shared with other values");
  check(view.data != nullptr && view.contiguous() &&
            std::int64_t(bytes) == view.shape.size() * size_of(view.dtype),
        "[program] ", t, " does not hold ", bytes, " contiguous bytes");
  return view;
}

void Program::copy_in(Tensor t, const void* from, std::size_t bytes) {
  backend_.runtime.copy(host_view(t, bytes, true).data, from, bytes);
}

void Program::copy_out(Tensor t, void* to, std::size_t bytes) const {
  backend_.runtime.copy(to, host_view(t, bytes, false).data, bytes);
}

}  // namespace dagan
