#include "tests/cases/op_case.h"

#include <omp.h>

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <cstring>
#include <limits>

#include "core/check.h"
#include "tests/case_values.h"

namespace dagan::cases {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// 0.1 to 1, either sign: for cotangents and directions.
std::vector<double> random_signs(Shape shape, std::uint64_t seed, Stream stream,
                                 std::size_t index) {
  return random_values({.shape = shape, .values = {-1, 1, 0.1}}, seed, stream, index);
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

namespace {

// The first failure of f(layout) in the layouts that the case allows.
template <class F>
std::string in_each_layout(const OpCase& op, F f) {
  const auto any = [&](auto test) {
    return std::any_of(op.outputs.begin(), op.outputs.end(), test);
  };
  const bool summed = any([](const Operand& out) { return out.role == Role::summed; });
  const bool aliased = any([](const Operand& out) { return out.alias >= 0; });
  for (const Write write : {Write::overwrite, Write::accumulate})
    for (const bool sliced : {false, true})
      for (const bool in_place : {false, true}) {
        if ((write == Write::accumulate && !summed) || (in_place && !aliased)) continue;
        const std::string failure = f(Layout{write, sliced, in_place});
        if (!failure.empty()) return failure;
      }
  return {};
}

}  // namespace

std::string check_kernel(const OpCase& op, const Kernels& kernels, std::uint64_t seed) {
  return in_each_layout(
      op, [&](const Layout& layout) { return check_kernel(op, kernels, layout, seed); });
}

std::string check_kernel(const OpCase& op, const Backend& backend, std::uint64_t seed) {
  return in_each_layout(op, [&](const Layout& layout) {
    BoundCase bound(op, *backend.kernels, backend.runtime, layout, seed);
    bound.run();
    return bound.compare();
  });
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
