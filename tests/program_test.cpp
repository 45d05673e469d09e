// A tape with its memory, and the store that outlives it.
#include "core/program.h"

#include <doctest/doctest.h>

#include <cmath>

#include "kernels/backend.h"
#include "kernels/versions.h"
#include "layers/activation.h"
#include "layers/arithmetic.h"
#include "layers/conv2d.h"
#include "tests/data_files.h"

namespace dagan {
namespace {

using testing::error_of;

TEST_CASE("program: inputs are written, outputs and persistent values read, nothing else") {
  Tape tape;
  const Tensor x = tape.make("x", {1, 1, 1, 4}, Life::input);
  const Tensor w = tape.make("w", {1, 1, 1, 4}, Life::persistent);
  const Tensor middle = x + w, y = 2.0 * middle;
  const Tensor unused = tape.make("unused", {1, 1, 1, 4}, Life::input);
  tape.keep(y);
  Store store(cpu_backend().runtime);
  Program program(tape, cpu_backend(), store);
  const std::vector<float> values = {1, 2, 3, 4};
  std::vector<float> got(4);
  program.write<float>(x, values);
  program.write<float>(w, values);
  program.run();
  program.read<float>(y, std::span<float>(got));
  CHECK(got == std::vector<float>{4, 8, 12, 16});
  program.read<float>(w, std::span<float>(got));
  CHECK(got == values);

  const auto read = [&](Tensor t) { program.read<float>(t, std::span<float>(got)); };
  CHECK_CONTAINS(error_of(Fault::bug, [&] { read(middle); }),
                 "linear (1,1,1,4) is not an output: its memory is shared");
  CHECK_CONTAINS(error_of(Fault::bug, [&] { read(x); }), "x (1,1,1,4) is not an output");
  CHECK_CONTAINS(error_of(Fault::bug, [&] { program.write<float>(y, values); }),
                 "linear#2 (1,1,1,4) is not an input");
  CHECK_CONTAINS(error_of(Fault::bug, [&] { program.write<float>(middle, values); }), "linear");
  CHECK_CONTAINS(error_of(Fault::bug, [&] { program.write<float>(unused, values); }), "unused");
  got.resize(3);
  CHECK_CONTAINS(error_of(Fault::bug, [&] { read(y); }), "does not hold 12 contiguous bytes");
  CHECK_CONTAINS(error_of(Fault::bug, [&] { program.write<float>(x, got); }),
                 "12 contiguous bytes");
}

TEST_CASE("program: a part of a value cannot be kept or read by itself") {
  Tape tape;
  const Tensor whole = tape.make("whole", {1, 2, 2, 4}, Life::input);
  const Tensor slice = tape.make_part("slice", {1, 2, 2, 2}, whole, 1);
  CHECK_CONTAINS(error_of(Fault::bug, [&] { tape.keep(slice); }), "slice (1,2,2,2)");
  const Tensor y = tanh(slice);
  tape.keep(y);
  Store store(cpu_backend().runtime);
  Program program(tape, cpu_backend(), store);
  const std::vector<float> part(8);
  CHECK_CONTAINS(error_of(Fault::bug, [&] { program.write<float>(slice, part); }), "slice");
  std::vector<float> values(16), got(8);
  for (std::size_t i = 0; i < 16; ++i) values[i] = float(i % 4 == 1 || i % 4 == 2);
  program.write<float>(whole, values);
  program.run();
  program.read<float>(y, std::span<float>(got));
  for (const float v : got) CHECK(v == doctest::Approx(std::tanh(1.0)));
}

TEST_CASE("program: constants keep their value from run to run") {
  Tape tape;
  const Tensor three = tape.constant("three", {1, 1, 1, 5}, 3);
  const Tensor y = 2.0 * (three + three);
  tape.keep(y);
  Store store(cpu_backend().runtime);
  Program program(tape, cpu_backend(), store);
  std::vector<float> got(5);
  for (int run = 0; run < 3; ++run) {
    program.run();
    program.read<float>(y, std::span<float>(got));
    CHECK(got == std::vector<float>(5, 12.0f));
  }
}

TEST_CASE("program: an output is there after the run, whatever is computed behind it") {
  Tape tape;
  const Tensor x = tape.make("x", {1, 1, 1, 8}, Life::input), early = 2.0 * x;
  tape.keep(early);
  Tensor late = tanh(early);
  for (int i = 0; i < 6; ++i) late = late + tanh(late);
  tape.keep(late);
  Store store(cpu_backend().runtime);
  Program program(tape, cpu_backend(), store);
  program.write<float>(x, std::vector<float>(8, 1.0f));
  program.run();
  std::vector<float> got(8);
  program.read<float>(early, std::span<float>(got));
  CHECK(got == std::vector<float>(8, 2.0f));
}

std::int64_t allocations = 0, held = 0;

TEST_CASE("program: memory is taken once, before the first run") {
  Backend counting = cpu_backend();
  counting.runtime.allocate = [](std::size_t bytes) {
    ++allocations;
    return cpu_backend().runtime.allocate(bytes);
  };
  Tape tape;
  const Tensor x = tape.make("x", {2, 9, 9, 3}, Life::input);
  const Tensor w = tape.make("w", {4, 3, 3, 3}, Life::persistent);
  tape.keep(tanh(conv2d(x, w, {}, {2, 1})));
  Store store(counting.runtime);
  Program program(tape, counting, store);
  CHECK(allocations == 2);  // the arena and w
  program.run();
  program.run();
  CHECK(allocations == 2);
}

TEST_CASE("program: one that cannot be made gives its memory back") {
  Backend counting = cpu_backend();
  counting.runtime.allocate = [](std::size_t bytes) {
    ++held;
    return cpu_backend().runtime.allocate(bytes);
  };
  counting.runtime.release = [](void* memory) {
    --held;
    cpu_backend().runtime.release(memory);
  };
  Tape tape;
  tape.keep(tanh(tape.make("w", {1, 1, 1, 3}, Life::persistent)));
  Store store(counting.runtime);
  store.entry("w", {1, 1, 1, 4});
  CHECK(held == 1);
  error_of(Fault::model, [&] { Program(tape, counting, store); });
  CHECK(held == 1);
}

TEST_CASE("program: two programs share what the store holds") {
  Tape first, second;
  const Tensor w = first.make("w", {1, 1, 1, 3}, Life::persistent);
  linear_into(w, {}, {.alpha = 1, .constant = 1}, w);
  const Tensor y = 10.0 * second.make("w", {1, 1, 1, 3}, Life::persistent);
  second.keep(y);
  Store store(cpu_backend().runtime);
  Program count(first, cpu_backend(), store), show(second, cpu_backend(), store);
  std::vector<float> got(3);
  for (int run = 1; run < 4; ++run) {
    count.run();
    show.run();
    show.read<float>(y, std::span<float>(got));
    CHECK(got == std::vector<float>(3, 10.0f * float(run)));
  }
}

TEST_CASE("program: what its ops prepare is of the persistent values that it found") {
  Tape tape;
  const Tensor x = tape.make("x", {1, 8, 8, 3}, Life::input);
  const Tensor w = tape.make("w", {5, 4, 4, 3}, Life::persistent);
  const Conv2dGeometry halving = {.stride = 2, .pad = 1};
  const Tensor packed = packed_conv2d(Conv2dPass::forward, x, w, {}, halving, nullptr, 1);
  const Tensor plain = conv2d(x, w, {}, halving);
  tape.keep(packed);
  tape.keep(plain);
  const auto pack_input = [&] {
    packed_conv2d(Conv2dPass::forward, x, x, {}, halving, nullptr, 1);
  };
  CHECK_CONTAINS(error_of(Fault::bug, pack_input), "is read when the program is made");
  for (const Backend* backend : {&cpu_backend(), &emulated_backend()}) {
    Store store(backend->runtime);
    const Shape shape = w.shape();
    std::vector<float> filter(std::size_t(shape.size())), image(std::size_t(x.shape().size()));
    for (std::size_t i = 0; i < filter.size(); ++i) filter[i] = float(i % 11) - 5;
    for (std::size_t i = 0; i < image.size(); ++i) image[i] = float(i % 7) - 3;
    store.entry("w", shape);
    store.write<float>("w", filter);
    Program program(tape, *backend, store);
    const bool keeps = backend == &cpu_backend();
    CHECK((program.kept_bytes() > 0) == keeps);
    program.write<float>(x, image);
    program.run();
    const std::vector<float> before = program.read(plain);
    CHECK(program.read(packed) == before);
    for (float& value : filter) value += 1;
    store.write<float>("w", filter);
    program.run();
    CHECK(program.read(plain) != before);
    CHECK((program.read(packed) == before) == keeps);
    Program later(tape, *backend, store);
    later.write<float>(x, image);
    later.run();
    CHECK(later.read(packed) == program.read(plain));
    program.prepare();
    program.run();
    CHECK(program.read(packed) == program.read(plain));
  }
}

TEST_CASE("program: evaluation runs a replaced convolution") {
  static int calls;
  calls = 0;
  Kernels own = *cpu_backend().kernels;
  KernelVersion version = {.op = "conv2d", .name = "counted"};
  version.entries.conv2d = [](const Launch& launch, Conv2dGeometry geometry, View in, View filter,
                              View bias, View out, Write write) {
    ++calls;
    cpu_backend().kernels->conv2d(launch, geometry, in, filter, bias, out, write);
  };
  replace(own, version);
  const Backend backend = {"own", cpu_backend().runtime, &own};
  Tape tape;
  const Tensor x = tape.make("x", {1, 8, 8, 3}, Life::input);
  const Tensor w = tape.make("w", {5, 4, 4, 3}, Life::persistent);
  const Conv2dGeometry halving = {.stride = 2, .pad = 1};
  const Tensor y = packed_conv2d(Conv2dPass::forward, x, w, {}, halving, nullptr, 0.5f);
  tape.keep(y);
  std::vector<float> results[2];
  for (const Backend* each : {&cpu_backend(), &backend}) {
    Store store(each->runtime);
    store.entry("w", w.shape());
    store.write<float>("w", std::vector<float>(std::size_t(w.shape().size()), 0.25f));
    Program program(tape, *each, store);
    program.write<float>(x, std::vector<float>(192, -1));
    program.run();
    results[each == &backend] = program.read(y);
  }
  CHECK(calls == 1);
  CHECK(results[0] == results[1]);
}

TEST_CASE("store: entries are zeros at first, and keep their shape and type") {
  Store store(cpu_backend().runtime);
  store.entry("w", {1, 1, 1, 3});
  CHECK(store.read<float>("w") == std::vector<float>(3, 0.0f));
  store.entry("n", {}, DType::u32);
  store.set<std::uint32_t>("n", 7);
  CHECK(store.read<std::uint32_t>("n")[0] == 7);
  CHECK_CONTAINS(error_of(Fault::model,
                          [&] {
                            store.entry("w", {1, 1, 1, 4});
                          }),
                 "w is (1,1,1,3) f32, but (1,1,1,4) f32 is needed");
  CHECK_CONTAINS(error_of(Fault::model,
                          [&] {
                            store.entry("w", {1, 1, 1, 3}, DType::u32);
                          }),
                 "u32 is needed");
  CHECK_CONTAINS(error_of(Fault::bug, [&] { store.view("gone"); }), "gone");
  CHECK_CONTAINS(error_of(Fault::bug, [&] { store.read<std::uint8_t>("w"); }), "w holds f32");
  CHECK_CONTAINS(error_of(Fault::bug, [&] { store.set<float>("w", 1); }), "w (1,1,1,3)");
  const std::vector<std::byte> short_bytes(11);
  CHECK_CONTAINS(error_of(Fault::bug, [&] { store.write_bytes("w", short_bytes); }), "11 bytes");
}

}  // namespace
}  // namespace dagan
