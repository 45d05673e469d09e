#include "tests/cases/op_case.h"

#include <omp.h>

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <cstring>
#include <limits>

#include "core/check.h"
#include "core/random.h"

namespace dagan::cases {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

template <class T>
using Tables = std::vector<std::vector<T>>;  // one row of values an operand

// Streams of random numbers: one for each operand and purpose.
enum class Stream : std::uint64_t {
  input = 0,
  output = 100,
  cotangent = 200,
  direction = 300,
  pad = 400
};

std::vector<double> random_values(const Operand& operand, std::uint64_t seed, Stream stream,
                                  std::size_t index) {
  const Philox philox{seed};
  const auto [low, high, hole] = operand.values;
  std::vector<double> values(std::size_t(operand.shape.size()));
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto words = philox.words(std::uint64_t(stream) + index, i);
    const bool negative = low < 0 && (high <= 0 || words[0] % 2 == 0);
    const double end = negative ? -low : high;
    const double start = std::min(end, std::max(hole, negative ? -high : low));
    const double magnitude = start + (end - start) * uniform(words[1]);
    values[i] = low == high ? low : negative ? -magnitude : magnitude;
    if (operand.dtype != DType::f32) values[i] = std::floor(values[i]);
  }
  return values;
}

// 0.1 to 1, either sign: for cotangents and directions.
std::vector<double> random_signs(Shape shape, std::uint64_t seed, Stream stream,
                                 std::size_t index) {
  return random_values({.shape = shape, .values = {-1, 1, 0.1}}, seed, stream, index);
}

template <class T>
Arrays<T> arrays(Tables<T>& tables, const std::vector<Operand>& operands) {
  Arrays<T> result;
  for (std::size_t i = 0; i < operands.size(); ++i)
    result.push_back({tables[i].data(), operands[i].shape});
  return result;
}

Tables<double> random_inputs(const OpCase& op, std::uint64_t seed) {
  Tables<double> inputs;
  for (std::size_t i = 0; i < op.inputs.size(); ++i)
    inputs.push_back(random_values(op.inputs[i], seed, Stream::input, i));
  if (op.prepare) op.prepare(arrays(inputs, op.inputs));
  return inputs;
}

// What the outputs hold before the reference runs: nothing that may be read, unless they are
// updated.
Tables<double> blank_outputs(const OpCase& op, std::uint64_t seed) {
  Tables<double> outputs;
  for (std::size_t i = 0; i < op.outputs.size(); ++i) {
    const Operand& out = op.outputs[i];
    if (out.role == Role::updated)
      outputs.push_back(random_values(out, seed, Stream::output, i));
    else
      outputs.emplace_back(std::size_t(out.shape.size()), kNan);
  }
  return outputs;
}

std::string position(Shape shape, std::size_t i) {
  const std::int64_t at = std::int64_t(i), pixel = at / shape.c;
  return text("[", pixel / (shape.h * shape.w), ",", pixel / shape.w % shape.h, ",",
              pixel % shape.w, ",", at % shape.c, "]");
}

double largest(const std::vector<double>& values) {
  double result = 0;
  for (double value : values) result = std::max(result, std::abs(value));
  return result;
}

// sum(dout * d out / d x) along a direction of one input, by a complex step.
class ComplexStep {
 public:
  ComplexStep(const OpCase& op, const Tables<double>& inputs, const Tables<double>& blank,
              const Tables<double>& dout)
      : op_(op), blank_(complex(blank)), inputs_(complex(inputs)), dout_(dout) {}

  // direction[j] belongs to element first + j.
  double operator()(std::size_t input, std::size_t first, const std::vector<double>& direction) {
    constexpr double kStep = 1e-30;
    std::vector<Complex>& x = inputs_[input];
    for (std::size_t j = 0; j < direction.size(); ++j) x[first + j].imag(kStep * direction[j]);
    Tables<Complex> out = blank_;
    op_.reference.complex(arrays(inputs_, op_.inputs), arrays(out, op_.outputs));
    for (Complex& element : x) element.imag(0);
    double sum = 0;
    for (std::size_t o = 0; o < out.size(); ++o)
      for (std::size_t i = 0; op_.outputs[o].differentiable && i < out[o].size(); ++i)
        sum += dout_[o][i] * (out[o][i].imag() / kStep);
    return sum;
  }

 private:
  static Tables<Complex> complex(const Tables<double>& tables) {
    Tables<Complex> result;
    for (const auto& table : tables) result.emplace_back(table.begin(), table.end());
    return result;
  }

  const OpCase& op_;
  Tables<Complex> blank_, inputs_;
  const Tables<double>& dout_;
};

Guarded place(const Operand& operand, bool sliced, std::uint64_t seed, std::size_t index) {
  if (!sliced) return Guarded(operand.shape, operand.dtype);
  const auto words = Philox{seed}.words(std::uint64_t(Stream::pad), index);
  if (!operand.sliceable) return Guarded(operand.shape, operand.dtype);
  return Guarded(operand.shape, operand.dtype, below(6, words[0]), below(6, words[1]));
}

std::int64_t scratch_bytes(const OpCase& op, const Kernels& kernels) {
  return op.scratch ? op.scratch(kernels) : 0;
}

}  // namespace

ErrorBound ulps(double count) {
  return [count](const Arrays<double>&, const Arrays<double>& out, const Arrays<double>& bound) {
    for (std::size_t o = 0; o < out.size(); ++o)
      for (std::int64_t i = 0; i < out[o].size(); ++i) {
        int exponent;
        std::frexp(std::max(std::abs(out[o][i]), double(FLT_MIN)), &exponent);
        bound[o][i] = count * std::ldexp(1.0, exponent - FLT_MANT_DIG);
      }
  };
}

ErrorBound rounded_sum(Reference reference, double factor) {
  return [=](const Arrays<double>& in, const Arrays<double>&, const Arrays<double>& bound) {
    Tables<double> magnitudes;
    Arrays<double> absolute = in;
    for (Array<double>& array : absolute) {
      auto& values = magnitudes.emplace_back(array.data, array.data + array.size());
      for (double& value : values) value = std::abs(value);
    }
    for (std::size_t i = 0; i < in.size(); ++i) absolute[i].data = magnitudes[i].data();
    reference.real(absolute, bound);
    for (const Array<double>& array : bound)
      for (std::int64_t i = 0; i < array.size(); ++i) array[i] *= factor * 0x1p-24;
  };
}

double bytes_moved(const OpCase& op) {
  double bytes = 0;
  for (const Operand& in : op.inputs) bytes += double(in.shape.size() * size_of(in.dtype));
  for (const Operand& out : op.outputs)
    bytes += double(out.shape.size() * size_of(out.dtype)) * (out.role == Role::updated ? 2 : 1);
  return bytes;
}

std::string to_string(const Layout& layout) {
  return text(layout.write == Write::accumulate ? "accumulate" : "overwrite",
              layout.sliced ? ", sliced" : "", layout.in_place ? ", in place" : "");
}

BoundCase::BoundCase(const OpCase& op, const Kernels& kernels, Layout layout, std::uint64_t seed)
    : op_(op),
      kernels_(kernels),
      layout_(layout),
      scratch_(Shape{1, 1, 1, scratch_bytes(op, kernels)}, DType::u8) {
  const Tables<double> inputs = random_inputs(op, seed);
  for (std::size_t i = 0; i < op.inputs.size(); ++i) {
    in_.push_back(place(op.inputs[i], layout.sliced, seed, i));
    in_[i].set(inputs[i]);
    inputs_.push_back(in_[i].get());
    in_views_.push_back(in_[i].view());
  }
  for (std::size_t i = 0; i < op.outputs.size(); ++i) {
    const Operand& out = op.outputs[i];
    out_.push_back(place(out, layout.sliced, seed, op.inputs.size() + i));
    const bool shared = layout.in_place && out.alias >= 0;
    const bool read = out.role == Role::updated ||
                      (out.role == Role::summed && layout.write == Write::accumulate);
    if (read && !shared) out_[i].set(random_values(out, seed, Stream::output, i));
    initial_.push_back(output(i).get());
    out_views_.push_back(output(i).view());
  }
  for (Guarded& buffer : in_) buffer.seal();
  for (Guarded& buffer : out_) buffer.seal();
  scratch_.seal();
}

const Guarded& BoundCase::output(std::size_t i) const {
  const int alias = op_.outputs[i].alias;
  return layout_.in_place && alias >= 0 ? in_[std::size_t(alias)] : out_[i];
}

void BoundCase::run() {
  op_.run(kernels_, {.scratch = scratch_.view().as<std::byte>()}, in_views_, out_views_,
          layout_.write);
}

Tables<double> BoundCase::outputs() const {
  Tables<double> values;
  for (std::size_t i = 0; i < op_.outputs.size(); ++i) values.push_back(output(i).get());
  return values;
}

std::string BoundCase::compare() {
  const std::string where = text("[", op_.name, "] ", to_string(layout_), ": ");
  if (!scratch_.surroundings_intact()) return where + "wrote outside its scratch memory";
  for (std::size_t i = 0; i < in_.size(); ++i) {
    bool written = false;
    for (const Operand& out : op_.outputs) written |= layout_.in_place && out.alias == int(i);
    if (!(written ? in_[i].surroundings_intact() : in_[i].intact()))
      return text(where, "wrote ", written ? "outside " : "to ", "input ", op_.inputs[i].name);
  }
  Tables<double> want = initial_, bounds = initial_;
  for (std::size_t o = 0; o < want.size(); ++o)
    if (op_.outputs[o].role != Role::updated) std::fill(want[o].begin(), want[o].end(), kNan);
  const Arrays<double> in = arrays(inputs_, op_.inputs), out = arrays(want, op_.outputs);
  op_.reference.real(in, out);
  op_.error(in, out, arrays(bounds, op_.outputs));
  for (std::size_t o = 0; o < want.size(); ++o) {
    const Operand& operand = op_.outputs[o];
    if (!out_[o].surroundings_intact()) return text(where, "wrote outside output ", operand.name);
    const std::vector<double> got = output(o).get();
    const bool added = operand.role == Role::summed && layout_.write == Write::accumulate;
    for (std::size_t i = 0; i < got.size(); ++i) {
      const double start = added ? initial_[o][i] : 0, expected = start + want[o][i];
      const double bound =
          bounds[o][i] + (added ? 0x1p-23 * (std::abs(start) + std::abs(expected)) : 0);
      if (!(std::abs(got[i] - expected) <= bound))
        return text(where, operand.name, position(operand.shape, i), " is ", got[i], ", not ",
                    expected, "; off by ", got[i] - expected, ", allowed ", bound);
    }
  }
  return {};
}

std::string check_gradient(const OpCase& op, std::uint64_t seed) {
  constexpr double kTolerance = 1e-12;
  constexpr std::size_t kElements = 24;  // tried one by one
  Tables<double> inputs = random_inputs(op, seed), blank = blank_outputs(op, seed), out = blank,
                 dout, din;
  for (std::size_t o = 0; o < out.size(); ++o)
    dout.push_back(random_signs(op.outputs[o].shape, seed, Stream::cotangent, o));
  for (const auto& input : inputs) din.emplace_back(input.size(), kNan);
  const Arrays<double> in = arrays(inputs, op.inputs);
  op.reference.real(in, arrays(out, op.outputs));
  op.gradient(in, arrays(out, op.outputs), arrays(dout, op.outputs), arrays(din, op.inputs));

  ComplexStep step(op, inputs, blank, dout);
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    const Operand& operand = op.inputs[k];
    if (!operand.differentiable) continue;
    const std::size_t count = din[k].size(), stride = (count + kElements - 1) / kElements;
    for (std::size_t i = seed % stride; i < count; i += stride) {
      const double want = step(k, i, {1.0}), got = din[k][i];
      if (!(std::abs(got - want) <= kTolerance * std::max(std::abs(want), largest(din[k]))))
        return text("[", op.name, "] gradient of ", operand.name, position(operand.shape, i),
                    " is ", got, ", not ", want);
    }
    const auto direction = random_signs(operand.shape, seed, Stream::direction, k);
    double got = 0, scale = 0;
    for (std::size_t i = 0; i < count; ++i) {
      got += din[k][i] * direction[i];
      scale += std::abs(din[k][i] * direction[i]);
    }
    const double want = step(k, 0, direction);
    if (!(std::abs(got - want) <= kTolerance * std::max(std::abs(want), scale)))
      return text("[", op.name, "] gradient of ", operand.name, " along a random direction is ",
                  got, ", not ", want);
  }
  return {};
}

std::string check_kernel(const OpCase& op, const Kernels& kernels, Layout layout,
                         std::uint64_t seed) {
  BoundCase bound(op, kernels, layout, seed);
  bound.run();
  return bound.compare();
}

std::string check_kernel(const OpCase& op, const Kernels& kernels, std::uint64_t seed) {
  const auto any = [&](auto test) {
    return std::any_of(op.outputs.begin(), op.outputs.end(), test);
  };
  const bool summed = any([](const Operand& out) { return out.role == Role::summed; });
  const bool aliased = any([](const Operand& out) { return out.alias >= 0; });
  for (const Write write : {Write::overwrite, Write::accumulate})
    for (const bool sliced : {false, true})
      for (const bool in_place : {false, true}) {
        if ((write == Write::accumulate && !summed) || (in_place && !aliased)) continue;
        const std::string failure = check_kernel(op, kernels, {write, sliced, in_place}, seed);
        if (!failure.empty()) return failure;
      }
  return {};
}

std::string check_threads(const OpCase& op, const Kernels& kernels, std::uint64_t seed) {
  const int before = omp_get_max_threads();
  Tables<double> first;
  std::string failure;
  for (int threads = 1; threads <= 4 && failure.empty(); ++threads) {
    omp_set_num_threads(threads);
    BoundCase bound(op, kernels, {.sliced = true}, seed);
    bound.run();
    const Tables<double> outputs = bound.outputs();
    if (threads == 1) first = outputs;
    for (std::size_t o = 0; o < outputs.size() && failure.empty(); ++o)
      if (std::memcmp(outputs[o].data(), first[o].data(), outputs[o].size() * sizeof(double)) != 0)
        failure = text("[", op.name, "] ", op.outputs[o].name, " differs between 1 and ", threads,
                       " threads");
  }
  omp_set_num_threads(before);
  return failure;
}

}  // namespace dagan::cases
