// The checks that a kernel has to stand, checked themselves: each kind of mistake is planted in a
// small kernel, and has to be found by the checks that this table names for it.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>

#include "core/check.h"
#include "kernels/emulator/race_check.h"
#include "tests/gpu_checks.h"
#include "tests/planted_kernels.h"

#if defined(__SANITIZE_ADDRESS__)
#define DAGAN_ASAN true
#else
#define DAGAN_ASAN false
#endif

// The kernels under the emulator, and the same with their accesses watched.
#define DAGAN_PLANTED(backend)                                                                 \
  namespace dagan::backend::planted {                                                          \
  PlantedFn convolution, product, block_sum, warp_sum, neighbours, histogram, maximum, halves; \
  }
DAGAN_PLANTED(emulated)
#if defined(DAGAN_HAS_CHECKED)
DAGAN_PLANTED(checked)
#define DAGAN_BOTH(f) emulated::planted::f, checked::planted::f
#else
#define DAGAN_BOTH(f) emulated::planted::f, nullptr
#endif

namespace dagan::cases {
namespace {

struct Kind {
  const char* name;
  PlantedFn *emulated, *checked;
  std::vector<Operand> inputs;
  Operand output;
  std::function<void(const Arrays<double>&, const Array<double>&)> reference;
  double allowed;  // difference
};

void convolution(const Arrays<double>& in, const Array<double>& out) {
  const Shape x = in[0].shape, y = out.shape;
  for (std::int64_t i = 0; i < y.size(); ++i) {
    const std::int64_t k = i % y.c, q = i / y.c % y.w, p = i / (y.c * y.w) % y.h,
                       n = i / (y.c * y.w * y.h);
    out[i] = 0;
    for (std::int64_t j = 0; j < 16 * x.c; ++j) {
      const std::int64_t c = j % x.c, s = j / x.c % 4, r = j / x.c / 4;
      const std::int64_t h = 2 * p - 1 + r, w = 2 * q - 1 + s;
      if (h < 0 || h >= x.h || w < 0 || w >= x.w) continue;
      out[i] += in[0](n, h, w, c) * in[1](k, r, s, c);
    }
  }
}

void product(const Arrays<double>& in, const Array<double>& out) {
  const std::int64_t n = in[1].shape.w, k = in[0].shape.c;
  for (std::int64_t i = 0; i < out.size(); ++i) {
    out[i] = 0;
    for (std::int64_t j = 0; j < k; ++j) out[i] += in[0][i / n * k + j] * in[1][i % n * k + j];
  }
}

void sum(const Arrays<double>& in, const Array<double>& out) {
  out[0] = 0;
  for (std::int64_t i = 0; i < in[0].shape.size(); ++i) out[0] += in[0][i];
}

void neighbours(const Arrays<double>& in, const Array<double>& out) {
  for (int i = 0; i < 256; ++i) out[i] = in[0][std::min(i + 1, 255)];
}

void histogram(const Arrays<double>& in, const Array<double>& out) {
  for (std::int64_t i = 0; i < in[0].shape.size(); ++i) ++out[std::size_t(in[0][i])];
}

void maximum(const Arrays<double>& in, const Array<double>& out) {
  for (int i = 0; i < 256; ++i) out[0] = std::max(out[0], in[0][i]);
}

void halves(const Arrays<double>& in, const Array<double>& out) {
  for (int i = 0; i < 32; ++i) out[i] = in[0][i] + in[0][i ^ 16];
}

Operand flat(std::int64_t n) { return {.shape = {1, 1, 1, n}}; }
Operand whole(std::int64_t n, Values values, Role role = Role::overwritten) {
  return {.shape = {1, 1, 1, n}, .values = values, .dtype = DType::u32, .role = role};
}
Operand matrix(std::int64_t rows, std::int64_t columns) {
  return {.shape = {1, 1, rows, columns}, .dtype = DType::bf16};
}

const Kind kConvolution = {"convolution",
                           DAGAN_BOTH(convolution),
                           {{.shape = {2, 8, 6, 3}}, {.shape = {5, 4, 4, 3}}},
                           {.shape = {2, 4, 3, 5}},
                           convolution,
                           1e-5};
const Kind kProduct = {"product",
                       DAGAN_BOTH(product),
                       {matrix(70, 104), matrix(66, 104)},
                       {.shape = {1, 1, 70, 66}},
                       product,
                       1e-4};
const Kind kBlockSum = {"block sum", DAGAN_BOTH(block_sum), {flat(1000)}, flat(1), sum, 1e-4};
const Kind kWarpSum = {"warp sum", DAGAN_BOTH(warp_sum), {flat(32)}, flat(1), sum, 1e-5};
const Kind kNeighbours = {
    "neighbours", DAGAN_BOTH(neighbours), {flat(256)}, flat(256), neighbours, 0};
const Kind kHistogram = {"histogram",
                         DAGAN_BOTH(histogram),
                         {whole(2000, {0, 8, 0})},
                         whole(8, {0, 9}, Role::updated),
                         histogram,
                         0};
const Kind kMaximum = {"maximum",
                       DAGAN_BOTH(maximum),
                       {whole(256, {0, 1000})},
                       whole(1, {0, 9}, Role::updated),
                       maximum,
                       0};
const Kind kHalves = {"halves", DAGAN_BOTH(halves), {flat(32)}, flat(32), halves, 1e-6};

const Kind* const kKinds[] = {&kConvolution, &kProduct,   &kBlockSum, &kWarpSum,
                              &kNeighbours,  &kHistogram, &kMaximum,  &kHalves};

// The checks, and how each finds something.
enum Check : unsigned {
  kRaces = 1,      // check_races, with two lines of the kernel
  kSchedules = 2,  // other bits or wrong numbers in one of the schedules
  kNan = 4,        // what was never written is not a number, and neither is the result
  kFence = 8,      // a write beside a shared array
  kGuard = 16,     // a write beside an output
  kReport = 32,    // a launch that ends with a message
  kAsan = 64,      // AddressSanitizer, in a build with it
};

struct Row {
  const Kind& kind;
  Bug bug;
  unsigned checks;
  const char* report = nullptr;  // part of the message
};

const Row kTable[] = {
    {kConvolution, Bug::no_barrier_after_load, kRaces | kSchedules},
    {kConvolution, Bug::no_barrier_before_load, kRaces | kSchedules},
    {kConvolution, Bug::past_shared_end, kFence | kAsan},
    {kConvolution, Bug::no_border_test, kNan | kAsan},
    {kConvolution, Bug::no_tail_test, kGuard | kAsan},
    {kConvolution, Bug::divergent_barrier, kReport, "divergent barriers"},
    {kProduct, Bug::wait_off_by_one, kSchedules},
    {kProduct, Bug::no_barrier_after_wait, kRaces | kSchedules},
    {kProduct, Bug::no_barrier_before_refill, kRaces | kSchedules},
    {kBlockSum, Bug::no_barrier_before_tree, kRaces | kSchedules},
    {kBlockSum, Bug::no_barrier_inside_tree, kRaces | kSchedules},
    {kBlockSum, Bug::early_return, kReport, "left the kernel"},
    {kWarpSum, Bug::no_warp_barrier, kRaces | kSchedules},
    {kNeighbours, Bug::past_shared_end, kNan | kAsan},
    {kNeighbours, Bug::never_written, kNan},
    {kHistogram, Bug::no_atomic, kRaces},
    {kMaximum, Bug::no_atomic, kRaces},
    {kHalves, Bug::divergent_shuffle, kReport, "left the kernel"},
};

OpCase op_case(const Kind& kind, PlantedFn* kernel, Bug bug) {
  OpCase op;
  op.name = kind.name;
  op.inputs = kind.inputs;
  op.outputs = {kind.output};
  op.run = [kernel, bug](const Kernels&, const Launch& launch, const Views& in, const Views& out,
                         Write) { kernel(launch, bug, in.data(), out[0]); };
  op.reference.real = [&kind](const Arrays<double>& in, const Arrays<double>& out) {
    kind.reference(in, out[0]);
  };
  op.error = [&kind](const Arrays<double>&, const Arrays<double>&, const Arrays<double>& bound) {
    std::fill_n(bound[0].data, bound[0].shape.size(), kind.allowed);
  };
  return op;
}

// One run: what compare() says, or the message that ended it.
std::string outcome(const OpCase& op, bool& is_nan, bool& ended) {
  const Kernels none = {};
  BoundCase bound(op, none);
  try {
    bound.run();
  } catch (const Error& error) {
    ended = true;
    return error.what();
  }
  const std::vector<std::vector<double>> outputs = bound.outputs();
  for (const double value : outputs[0]) is_nan |= std::isnan(value);
  return bound.compare();
}

bool schedules_find(const OpCase& op) {
  try {
    return check_schedules(op, {}) != "";
  } catch (const Error&) {
    return false;  // something else found it
  }
}

bool races_find(const OpCase& op) {
  const std::string race = check_races(op, {});
  const std::size_t first = race.find("planted_kernels.cu:");
  return race.find("race on ") != std::string::npos && first != std::string::npos &&
         race.find("planted_kernels.cu:", first + 1) != std::string::npos;
}

// Whether a process that runs it on operands without anything around them is ended by a sanitizer.
bool sanitizer_finds(const Row& row) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDERR_FILENO);
    std::vector<View> views;
    std::vector<Operand> operands = row.kind.inputs;
    operands.push_back(row.kind.output);
    for (const Operand& operand : operands) {
      const auto bytes = std::size_t(operand.shape.size() * size_of(operand.dtype));
      views.push_back({std::calloc(bytes, 1), operand.shape, operand.dtype, operand.shape.c});
    }
    row.kind.emulated({}, row.bug, views.data(), views.back());
    _exit(0);
  }
  close(ends[1]);
  std::string said;
  char buffer[4096];
  for (ssize_t n; (n = read(ends[0], buffer, sizeof buffer)) > 0;) said.append(buffer, n);
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  return status != 0 && (said.find("AddressSanitizer") != std::string::npos ||
                         said.find("runtime error") != std::string::npos);
}

TEST_CASE("planted: every mistake is found by the checks that the table names") {
  CHECK(std::size(kTable) == 18);
  for (const Row& row : kTable) {
    CAPTURE(row.kind.name);
    CAPTURE(int(row.bug));
    if (DAGAN_ASAN && row.checks & kAsan) {
      CHECK(sanitizer_finds(row));
      continue;
    }
    const OpCase op = op_case(row.kind, row.kind.emulated, row.bug);
    bool is_nan = false, ended = false;
    const std::string said = outcome(op, is_nan, ended);
    CAPTURE(said);
    if (row.checks & kSchedules) CHECK(schedules_find(op));
    if (row.checks & kNan) CHECK(is_nan);
    if (row.checks & kFence) CHECK(said.find("was written past its end") != std::string::npos);
    if (row.checks & kGuard) CHECK(said.find("wrote outside output") != std::string::npos);
    if (row.checks & kReport) {
      CHECK(ended);
      CHECK(said.find("planted_kernels.cu:") != std::string::npos);
      CHECK(said.find(row.report) != std::string::npos);
    }
    if (row.checks & kRaces && row.kind.checked) {
      CHECK(races_find(op_case(row.kind, row.kind.checked, row.bug)));
    }
  }
}

TEST_CASE("planted: without a mistake no check finds anything") {
  for (const Kind* kind : kKinds) {
    CAPTURE(kind->name);
    const OpCase op = op_case(*kind, kind->emulated, Bug::none);
    bool is_nan = false, ended = false;
    CHECK(outcome(op, is_nan, ended) == "");
    CHECK_FALSE(is_nan);
    CHECK(check_schedules(op, {}) == "");
    if (kind->checked) CHECK(check_races(op_case(*kind, kind->checked, Bug::none), {}) == "");
  }
}

}  // namespace
}  // namespace dagan::cases
