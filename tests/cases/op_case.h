// One description per op, read by its tests and by the benchmarks: what goes in and out, how to
// call the kernel and the reference, how far apart they may be. A case file (tests/cases/<op>.h) is
// a function from geometry and shapes to an OpCase, and lists of shapes.
#pragma once
#include <complex>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <type_traits>
#include <vector>

#include "core/view.h"
#include "kernels/array.h"
#include "kernels/kernels.h"
#include "tests/cases/guarded.h"

namespace dagan::cases {

using Complex = std::complex<double>;
using Views = std::vector<View>;
template <class T>
using Arrays = std::vector<Array<T>>;

// Random contents: uniform in [low, high], but never nearer to 0 than `hole`, so that no missing
// term can hide; half of them negative where low < 0. Whole numbers for an integer dtype. low ==
// high: a constant.
struct Values {
  double low = -1, high = 1, hole = 0.05;
};

enum class Role : std::uint8_t {
  overwritten,  // set, whatever was there
  summed,       // set or added to, as Write says
  updated,      // read and written: the kernel and the reference find Operand::values there
};

struct Operand {
  std::string name = {};
  Shape shape = {};
  Values values = {};
  DType dtype = DType::f32;
  bool sliceable = true;          // may be a channel slice of a wider tensor; false for filters
  bool differentiable = true;     // an input with a gradient, an output with a cotangent
  Role role = Role::overwritten;  // of an output
  int alias = -1;                 // of an output: the input whose memory it may share
};

// A function written once as a generic lambda, for real and complex numbers:
//   reference = [=](const auto& in, const auto& out) { reference::tanh(in[0], out[0]); };
// It overwrites its outputs, also those with Role::summed. One that is not holomorphic branches on
// std::real(x); a lambda that takes Arrays<double> is only for real numbers.
struct Reference {
  std::function<void(const Arrays<double>& in, const Arrays<double>& out)> real;
  std::function<void(const Arrays<Complex>& in, const Arrays<Complex>& out)> complex;

  Reference() = default;
  template <class F>
  Reference(F f) : real(f) {  // NOLINT: implicit, for assignment
    if constexpr (std::is_invocable_v<F, const Arrays<Complex>&, const Arrays<Complex>&>)
      complex = f;
  }
};

// The largest |kernel - reference| of each output element, with the reference's outputs at hand.
using ErrorBound = std::function<void(const Arrays<double>& in, const Arrays<double>& out,
                                      const Arrays<double>& bound)>;

// `count` units in the last place (f32) of the reference's value: for element-wise ops.
ErrorBound ulps(double count);

// factor * 2^-24 * (the reference of the absolute inputs): for sums of products. A sum of T terms
// in any order stays within factor = T; the usual choice is 4 * sqrt(T).
ErrorBound rounded_sum(Reference reference, double factor);

struct OpCase {
  std::string name = {};  // shown in failures and benchmarks: "conv2d 4x4/2 (2,5,6,3)"
  std::vector<Operand> inputs = {}, outputs = {};
  double flop = 0;  // of one call

  // The kernel; empty when the case only has a reference. `write` is for every output with
  // Role::summed.
  std::function<void(const Kernels&, const Launch&, const Views& in, const Views& out, Write write)>
      run = {};
  std::function<std::int64_t(const Kernels&)> scratch = {};  // bytes; empty: none
  std::function<std::int64_t(const Kernels&)> kept = {};     // the same of Launch::kept
  // What is done once before the first run, and is not timed.
  std::function<void(const Kernels&, const Launch&, const Views& in)> setup = {};

  Reference reference = {};
  ErrorBound error = ulps(2);

  // The gradient of sum(out * dout) for every differentiable input; `out` is what the reference
  // wrote.
  std::function<void(const Arrays<double>& in, const Arrays<double>& out,
                     const Arrays<double>& dout, const Arrays<double>& din)>
      gradient = {};

  // Changes random inputs that must be related, or must stay away from a kink.
  std::function<void(const Arrays<double>& in)> prepare = {};
};

// Bytes that one call must move at least: inputs and outputs once, updated outputs twice.
double bytes_moved(const OpCase&);

struct Layout {
  Write write = Write::overwrite;
  bool sliced = false;  // operands are channel slices of wider tensors, at any alignment of 4 bytes
  bool in_place = false;  // outputs share the memory of the input that Operand::alias names
};

std::string to_string(const Layout&);

// How far a kernel was from its reference: the largest difference of all outputs, in units of the
// largest element of its output, and of what is allowed for that element; and the root mean square
// of the differences in an output over that of the output.
struct Deviation {
  double relative = 0, of_allowed = 0, root_mean_square = 0;
};

// A case with its buffers filled: what a test checks and a benchmark times.
class BoundCase {
 public:
  explicit BoundCase(const OpCase&, const Kernels&, Layout = {}, std::uint64_t seed = 1);
  // In the memory of a device; the kernels are a table for it.
  BoundCase(const OpCase&, const Kernels&, const Runtime&, Layout = {}, std::uint64_t seed = 1);

  ~BoundCase();
  BoundCase(const BoundCase&) = delete;
  BoundCase& operator=(const BoundCase&) = delete;

  // On what the buffers hold now, several times in a row; on a device, only started.
  void run(int times = 1);
  std::string compare();                                     // after one run: a failure, or empty
  const Deviation& deviation() const { return deviation_; }  // that compare found
  std::vector<std::vector<double>> outputs();

 private:
  BoundCase(const OpCase&, const Kernels&, const Runtime* device, Layout, std::uint64_t seed);

  const Guarded& output(std::size_t i) const;  // also where it shares an input's memory
  void fetch();
  Launch memory() const;
  void launch() const;
  std::string check_surroundings() const;
  std::string compare_output(std::size_t o, const std::vector<double>& want,
                             const std::vector<double>& bounds);

  OpCase op_;
  const Kernels& kernels_;
  const Runtime* device_;  // null: the host's memory
  void* graph_ = nullptr;  // the device's recording of graph_times_ launches
  int graph_times_ = 0;
  Layout layout_;
  Deviation deviation_;
  std::vector<Guarded> in_, out_;
  Guarded scratch_, kept_;
  bool set_up_ = false;
  std::vector<std::vector<double>> inputs_,
      initial_;  // what the buffers held; initial_: the outputs
  Views in_views_, out_views_;
};

// The checkers. Each returns an empty string, or one line that says what is wrong and where.

// The reference gradient against the complex step Im f(x + ih) / h of the reference, in double, for
// random cotangents: single elements and one random direction of each input, within 1e-12 of the
// largest gradient.
std::string check_gradient(const OpCase&, std::uint64_t seed = 1);

// The kernel against the reference, with guard bands around every buffer and the scratch.
std::string check_kernel(const OpCase&, const Kernels&, Layout, std::uint64_t seed = 1);

// The same for every layout that the case allows.
std::string check_kernel(const OpCase&, const Kernels&, std::uint64_t seed = 1);

// The same in a device's memory.
std::string check_kernel(const OpCase&, const Backend&, std::uint64_t seed = 1);

// The same bits for 1, 2, 3 and 4 threads.
std::string check_threads(const OpCase&, const Kernels&, std::uint64_t seed = 1);

}  // namespace dagan::cases
