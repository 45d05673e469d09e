#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "core/check.h"
#include "core/random.h"
#include "tests/case_values.h"
#include "tests/cases/op_case.h"

namespace dagan::cases {
namespace {

Guarded place(const Operand& operand, bool sliced, std::uint64_t seed, std::size_t index) {
  const auto words = Philox{seed}.words(std::uint64_t(Stream::pad), index);
  if (!sliced || !operand.sliceable) return Guarded(operand.shape, operand.dtype);
  return Guarded(operand.shape, operand.dtype, below(6, words[0]), below(6, words[1]));
}

std::int64_t bytes_of(const std::function<std::int64_t(const Kernels&)>& count,
                      const Kernels& kernels) {
  return count ? count(kernels) : 0;
}

}  // namespace

std::string to_string(const Layout& layout) {
  return text(layout.write == Write::accumulate ? "accumulate" : "overwrite",
              layout.sliced ? ", sliced" : "", layout.in_place ? ", in place" : "");
}

BoundCase::BoundCase(const OpCase& op, const Kernels& kernels, Layout layout, std::uint64_t seed)
    : BoundCase(op, kernels, nullptr, layout, seed) {}

BoundCase::BoundCase(const OpCase& op, const Kernels& kernels, const Runtime& runtime,
                     Layout layout, std::uint64_t seed)
    : BoundCase(op, kernels, runtime.host_memory ? nullptr : &runtime, layout, seed) {}

BoundCase::BoundCase(const OpCase& op, const Kernels& kernels, const Runtime* device, Layout layout,
                     std::uint64_t seed)
    : op_(op),
      kernels_(kernels),
      device_(device),
      layout_(layout),
      scratch_(Shape{1, 1, 1, bytes_of(op.scratch, kernels)}, DType::u8),
      kept_(Shape{1, 1, 1, bytes_of(op.kept, kernels)}, DType::u8) {
  const Tables<double> inputs = random_inputs(op, seed);
  for (std::size_t i = 0; i < op.inputs.size(); ++i) {
    in_.push_back(place(op.inputs[i], layout.sliced, seed, i));
    in_[i].set(inputs[i]);
    inputs_.push_back(in_[i].get());
  }
  for (std::size_t i = 0; i < op.outputs.size(); ++i) {
    const Operand& out = op.outputs[i];
    out_.push_back(place(out, layout.sliced, seed, op.inputs.size() + i));
    const bool shared = layout.in_place && out.alias >= 0;
    const bool read = out.role == Role::updated ||
                      (out.role == Role::summed && layout.write == Write::accumulate);
    if (read && !shared) out_[i].set(random_values(out, seed, Stream::output, i));
    initial_.push_back(output(i).get());
  }
  const auto finish = [&](Guarded& buffer) {
    buffer.seal();
    if (device != nullptr) buffer.send(*device);
  };
  for (Guarded& buffer : in_) finish(buffer);
  for (Guarded& buffer : out_) finish(buffer);
  finish(scratch_);
  finish(kept_);
  for (const Guarded& buffer : in_) in_views_.push_back(buffer.view());
  for (std::size_t i = 0; i < op.outputs.size(); ++i) out_views_.push_back(output(i).view());
}

const Guarded& BoundCase::output(std::size_t i) const {
  const int alias = op_.outputs[i].alias;
  return layout_.in_place && alias >= 0 ? in_[std::size_t(alias)] : out_[i];
}

BoundCase::~BoundCase() {
  if (graph_ != nullptr) device_->forget(graph_);
}

Launch BoundCase::memory() const {
  return {.stream = device_ != nullptr ? device_->stream : nullptr,
          .scratch = scratch_.view().as<std::byte>(),
          .kept = kept_.view().as<std::byte>()};
}

void BoundCase::launch() const {
  op_.run(kernels_, memory(), in_views_, out_views_, layout_.write);
}

void BoundCase::run(int times) {
  if (op_.setup && !set_up_) op_.setup(kernels_, memory(), in_views_);
  set_up_ = true;
  if (device_ == nullptr) {
    for (int i = 0; i < times; ++i) launch();
    return;
  }
  if (graph_ != nullptr && graph_times_ != times) device_->forget(std::exchange(graph_, nullptr));
  graph_times_ = times;
  device_->repeat(
      &graph_,
      [](const void* argument) {
        const auto& self = *static_cast<const BoundCase*>(argument);
        for (int i = 0; i < self.graph_times_; ++i) self.launch();
      },
      this);
}

void BoundCase::fetch() {
  if (device_ == nullptr) return;
  for (Guarded& buffer : in_) buffer.fetch();
  for (Guarded& buffer : out_) buffer.fetch();
  scratch_.fetch();
  kept_.fetch();
}

Tables<double> BoundCase::outputs() {
  fetch();
  Tables<double> values;
  for (std::size_t i = 0; i < op_.outputs.size(); ++i) values.push_back(output(i).get());
  return values;
}

std::string BoundCase::check_surroundings() const {
  if (!scratch_.surroundings_intact()) return "wrote outside its scratch memory";
  if (!kept_.surroundings_intact()) return "wrote outside the memory that it keeps";
  for (std::size_t i = 0; i < in_.size(); ++i) {
    bool written = false;
    for (const Operand& out : op_.outputs) written |= layout_.in_place && out.alias == int(i);
    if (!(written ? in_[i].surroundings_intact() : in_[i].intact()))
      return text("wrote ", written ? "outside " : "to ", "input ", op_.inputs[i].name);
  }
  for (std::size_t o = 0; o < out_.size(); ++o)
    if (!out_[o].surroundings_intact()) return "wrote outside output " + op_.outputs[o].name;
  return {};
}

std::string BoundCase::compare_output(std::size_t o, const std::vector<double>& want,
                                      const std::vector<double>& bounds) {
  const Operand& operand = op_.outputs[o];
  const std::vector<double> got = output(o).get();
  const bool added = operand.role == Role::summed && layout_.write == Write::accumulate;
  const double rounding = operand.dtype == DType::bf16 ? 0x1p-8 : 0x1p-23;
  std::string failure;
  double difference = 0, largest = 0, differences = 0, squares = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    const double start = added ? initial_[o][i] : 0, expected = start + want[i];
    const double bound =
        bounds[i] + (added ? rounding * (std::abs(start) + std::abs(expected)) : 0);
    const double difference_here = std::abs(got[i] - expected);
    const double off = std::isnan(difference_here) ? HUGE_VAL : difference_here;
    if (!(off <= bound) && failure.empty())
      failure = text(operand.name, position(operand.shape, i), " is ", got[i], ", not ", expected,
                     "; off by ", got[i] - expected, ", allowed ", bound);
    difference = std::max(difference, off);
    largest = std::max(largest, std::abs(expected));
    differences += off * off;
    squares += expected * expected;
    if (off > 0) deviation_.of_allowed = std::max(deviation_.of_allowed, off / bound);
  }
  if (difference > 0) {
    deviation_.relative = std::max(deviation_.relative, difference / largest);
    deviation_.root_mean_square =
        std::max(deviation_.root_mean_square, std::sqrt(differences / squares));
  }
  return failure;
}

std::string BoundCase::compare() {
  fetch();
  std::string failure = check_surroundings();
  Tables<double> want = initial_, bounds = initial_;
  for (std::size_t o = 0; o < want.size(); ++o)
    if (op_.outputs[o].role != Role::updated)
      std::fill(want[o].begin(), want[o].end(), std::numeric_limits<double>::quiet_NaN());
  const Arrays<double> in = arrays(inputs_, op_.inputs), out = arrays(want, op_.outputs);
  op_.reference.real(in, out);
  op_.error(in, out, arrays(bounds, op_.outputs));
  deviation_ = {};
  for (std::size_t o = 0; o < want.size(); ++o) {
    const std::string found = compare_output(o, want[o], bounds[o]);
    if (failure.empty()) failure = found;
  }
  return failure.empty() ? failure : text("[", op_.name, "] ", to_string(layout_), ": ", failure);
}

}  // namespace dagan::cases
