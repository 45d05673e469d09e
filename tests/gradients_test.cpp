// The backward pass as a recording: what it computes, and what it refuses to compute.
#include "core/gradients.h"

#include <doctest/doctest.h>

#include <cmath>

#include "core/program.h"
#include "kernels/backend.h"
#include "layers/activation.h"
#include "layers/arithmetic.h"
#include "layers/batch_norm.h"
#include "layers/concat.h"
#include "layers/conv2d.h"
#include "layers/losses.h"
#include "layers/residual.h"
#include "tests/data_files.h"

namespace dagan {
namespace {

using testing::error_of;

std::vector<float> random_values(std::int64_t count, std::uint64_t stream) {
  std::vector<float> values;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto words = Philox{11}.words(stream, std::uint64_t(i));
    values.push_back(0.5f * normal(words[0], words[1]));
  }
  return values;
}

// A tape with its memory: inputs and persistent values are random numbers, a function of their
// order.
struct Machine {
  explicit Machine(Tape& recorded)
      : tape(recorded), store(cpu_backend().runtime), program(tape, cpu_backend(), store) {
    for_each(Life::persistent, [&](Tensor t) {
      store.write<float>(t.name(), random_values(t.shape().size(), std::uint64_t(t.id)));
    });
  }
  std::vector<float> read(Tensor t) {
    for_each(Life::input, [&](Tensor input) {
      program.write<float>(input, random_values(input.shape().size(), std::uint64_t(input.id)));
    });
    program.run();
    std::vector<float> values(std::size_t(t.shape().size()));
    program.read<float>(t, values);
    return values;
  }
  template <class F>
  void for_each(Life life, F f) {
    for (int id = 0; id < int(tape.values().size()); ++id) {
      const Value& value = tape.values()[std::size_t(id)];
      if (value.life == life && value.whole < 0) f(Tensor{&tape, id});
    }
  }
  Tape& tape;
  Store store;
  Program program;
};

Tensor leaf(Tape& tape, const char* name, Shape shape) {
  return tape.make(name, shape, Life::persistent);
}

std::vector<Tensor> gradients_of(Tensor loss, std::vector<Tensor> wanted) {
  std::vector<Tensor> result = backward(loss, wanted);
  for (const Tensor& t : result) loss.tape->keep(t);
  return result;
}

TEST_CASE("backward: a filter that is applied twice receives both gradients") {
  const Shape shape = {1, 5, 6, 2};
  std::vector<float> shared, first, second;
  for (const bool twice : {true, false}) {
    Tape tape;
    const Tensor x = tape.make("x", shape, Life::input), y = tape.make("y", shape, Life::input);
    const Tensor w = leaf(tape, "w", {2, 3, 3, 2}), u = twice ? w : leaf(tape, "u", w.shape());
    const Tensor loss = mean_squared_error(conv2d(conv2d(x, w, {}, {1, 1}), u, {}, {1, 1}), y);
    const auto gradients = twice ? gradients_of(loss, {w}) : gradients_of(loss, {w, u});
    Machine machine(tape);
    if (twice) {
      shared = machine.read(gradients[0]);
      continue;
    }
    machine.store.write<float>("u", machine.store.read<float>("w"));
    first = machine.read(gradients[0]);
    second = machine.read(gradients[1]);
  }
  for (std::size_t i = 0; i < shared.size(); ++i) {
    CHECK(std::fabs(shared[i] - (first[i] + second[i])) <= 1e-6);
    CHECK(std::fabs(second[i]) > 1e-6);
  }
}

TEST_CASE("backward: one addend twice, and both sides of a loss") {
  Tape tape;
  const Tensor a = leaf(tape, "a", {1, 2, 2, 3});
  const Tensor loss = mean_squared_error(a + a, linear(a, {}, {.alpha = -1, .constant = 1}));
  const Tensor gradient = gradients_of(loss, {a})[0];  // of mean (3a - 1)^2
  Machine machine(tape);
  const auto values = machine.store.read<float>("a"), got = machine.read(gradient);
  for (std::size_t i = 0; i < got.size(); ++i) {
    CHECK(got[i] == doctest::Approx(6.0 * (3.0 * values[i] - 1) / 12).epsilon(1e-5));
  }
}

TEST_CASE("backward: a loss whose gradient is a known number makes the gradients of its operands") {
  std::vector<float> known, computed;
  for (const bool number : {true, false}) {
    Tape tape;
    const Shape shape = {2, 3, 5, 2};
    const Tensor x = tape.make("x", shape, Life::input), y = tape.make("y", shape, Life::input);
    const Tensor w = leaf(tape, "w", {2, 3, 3, 2}), v = leaf(tape, "v", {2, 3, 3, 2});
    const Tensor a = conv2d(x, w, {}, {1, 1}), b = conv2d(x, v, {}, {1, 1});
    const Tensor first = mean_squared_error(a, y), second = mean_absolute_error(y, b),
                 third = mean_squared_error(b, a), some = 3.0 * first, more = some - 0.5 * second,
                 sum = more + third;
    const std::size_t forward = tape.nodes().size();
    const auto gradients = gradients_of(number ? sum : leaky_relu(sum, 1), {w, v});
    std::string recorded;
    for (const Node& node : std::span(tape.nodes()).subspan(forward + !number))
      if (!node.op->name().starts_with("conv2d")) recorded += text(node.op->name(), ' ');
    // The third error comes first and sets both gradients; the others add to them.
    CHECK(recorded == (number ? "absolute_error_grad squared_error_grad "
                              : "leaky_relu_grad linear linear linear linear linear linear "
                                "squared_error_grad squared_error_grad absolute_error_grad "
                                "squared_error_grad "));
    Machine machine(tape);
    for (const Tensor& gradient : gradients)
      for (const float value : machine.read(gradient)) (number ? known : computed).push_back(value);
  }
  CHECK(known == computed);
}

TEST_CASE("backward: a number that is only one of several gradients of a scalar") {
  Tape tape;
  const Tensor a = leaf(tape, "a", {1, 2, 2, 3}), b = leaf(tape, "b", {1, 2, 2, 3});
  const Tensor error = mean_squared_error(a, b);
  const Tensor gradient = gradients_of(2.0 * error + leaky_relu(error, 0.5f) + error, {a})[0];
  Machine machine(tape);
  const auto got = machine.read(gradient), x = machine.store.read<float>("a"),
             y = machine.store.read<float>("b");
  for (std::size_t i = 0; i < got.size(); ++i)
    CHECK(got[i] == doctest::Approx(4 * 2.0 * (x[i] - y[i]) / 12).epsilon(1e-5));
}

// Two parts of one flat value, each in a loss of its own; a gradient that may be read although it
// is a number; a scalar of which a part is used too; a loss that was overwritten after it was used.
TEST_CASE("backward: losses of parts, and gradients that are numbers") {
  Tape tape;
  const Tensor flat = leaf(tape, "flat", {1, 1, 1, 6}),
               zero = tape.constant("zero", {1, 1, 1, 3}, 0);
  const Tensor a = tape.make_part("a", {1, 1, 1, 3}, flat, 0),
               b = tape.make_part("b", {1, 1, 1, 3}, flat, 3);
  const Tensor first = mean_squared_error(a, zero), second = mean_squared_error(b, zero);
  const auto gradients = backward(first + 2.0 * second, std::vector{a, b});
  tape.keep({&tape, tape[gradients[0]].whole});

  const Tensor s = leaf(tape, "s", {}), ds = gradients_of(2.0 * s, {s})[0];

  const Tensor whole = mean_squared_error(flat, leaf(tape, "other", flat.shape()));
  const Tensor part = tape.make_part("part", {}, whole, 0);
  const Tensor of_part = 1.5 * part, of_whole = 0.5 * whole;  // in this order
  const Tensor both = gradients_of(of_part + of_whole, {flat})[0];

  const Tensor x = leaf(tape, "x", {1, 1, 1, 3}), l = mean_squared_error(x, zero), twice = 2.0 * l;
  linear_into(s, {}, {}, l);
  const Tensor dx = gradients_of(twice, {x})[0];

  Machine machine(tape);
  const auto value = machine.store.read<float>("flat"), other = machine.store.read<float>("other"),
             x_value = machine.store.read<float>("x");
  const auto d_flat = machine.read({&tape, tape[gradients[0]].whole}), d_both = machine.read(both),
             d_x = machine.read(dx);
  for (std::size_t i = 0; i < 6; ++i) {
    CHECK(d_flat[i] == doctest::Approx((i < 3 ? 2 : 4) * value[i] / 3));
    CHECK(d_both[i] == doctest::Approx(2 * 2 * (value[i] - other[i]) / 6));
  }
  for (std::size_t i = 0; i < 3; ++i) CHECK(d_x[i] == doctest::Approx(2 * 2 * x_value[i] / 3));
  CHECK(machine.read(ds)[0] == 2);
}

TEST_CASE("backward: every op of a network, against central differences of the loss") {
  for (const bool squared : {true, false}) {
    Tape tape;
    Parameters p(tape, "net", Phase::training);
    const Conv2d down1(p, "down1", 3, 4, 4, {2, 1}, Bias::present);
    const Conv2d down2(p, "down2", 4, 6, 4, {2, 1}, Bias::none);
    const BatchNorm norm2(p, "down2", 6);
    const ConvTranspose2d up1(p, "up1", 6, 4, 4, {2, 1}, Bias::none);
    const BatchNorm norm3(p, "up1", 4);
    const ConvTranspose2d up2(p, "up2", 8, 3, 4, {2, 1}, Bias::present);
    const auto net = [&](Tensor x) {
      const Tensor skip = down1(x), deep = norm2(down2(leaky_relu(skip, 0.2f)));
      return tanh(up2(leaky_relu(concat(norm3(up1(leaky_relu(deep, 0.1f))), skip), 0.3f)));
    };
    const Tensor x = tape.make("x", {2, 8, 12, 3}, Life::input);
    const Tensor y = net(x), z = net(y);  // every parameter is used twice
    const auto error = squared ? mean_squared_error : mean_absolute_error;
    const Tensor loss = 2.0 * error(y, x) - 0.5 * error(z, y);
    tape.keep(loss);
    const auto gradients = backward(loss, p.all());
    const Tensor whole = {&tape, tape[gradients[0]].whole};
    tape.keep(whole);

    Machine machine(tape);
    const auto start = machine.store.read<float>("net.parameters");
    const auto gradient = machine.read(whole);
    // The derivative along each parameter's own gradient is that gradient's length.
    for (std::size_t i = 0; i < gradients.size(); ++i) {
      const Value& part = tape[gradients[i]];
      const auto from = std::size_t(part.offset), to = from + std::size_t(part.shape.size());
      double length = 0;
      for (std::size_t j = from; j < to; ++j) length += double(gradient[j]) * gradient[j];
      length = std::sqrt(length);
      const auto loss_at = [&](double distance) {
        auto moved = start;
        for (std::size_t j = from; j < to; ++j) moved[j] += float(distance * gradient[j] / length);
        machine.store.write<float>("net.parameters", moved);
        return double(machine.read(loss)[0]);
      };
      const double h = 5e-3;
      const double slope =
          (8 * (loss_at(h) - loss_at(-h)) - (loss_at(2 * h) - loss_at(-2 * h))) / (12 * h);
      INFO(p.all()[i].name());
      CHECK(slope == doctest::Approx(length).epsilon(squared ? 2e-3 : 3e-2));
    }
  }
}

TEST_CASE("concat: slices, no copies, and gradients that are slices too") {
  Tape tape;
  const Tensor w = leaf(tape, "w", {3, 1, 1, 2});
  const Tensor x = tape.make("x", {1, 4, 4, 2}, Life::input);
  const Tensor t = tape.make("t", {1, 4, 4, 6}, Life::input);
  const Tensor a = conv2d(x, w, {}, {}), b = tanh(a);
  const Tensor y = concat(a, b);
  CHECK(tape.nodes().size() == 2);
  CHECK(tape[a].whole == y.id);
  CHECK(tape[b].offset == 3);
  CHECK(tape[b].pitch == 6);
  const Tensor gradient = gradients_of(mean_squared_error(y, t), {w})[0];
  CHECK(tape.describe().find("linear") == std::string::npos);

  Tape plain;
  const Tensor w2 = leaf(plain, "w", {3, 1, 1, 2});
  const Tensor x2 = plain.make("x", {1, 4, 4, 2}, Life::input);
  const Tensor t2 = plain.make("t", {1, 4, 4, 6}, Life::input);
  const Tensor c = conv2d(x2, w2, {}, {});
  const Tensor halves = 0.5 * mean_squared_error(c, plain.make_part("t1", c.shape(), t2, 0)) +
                        0.5 * mean_squared_error(tanh(c), plain.make_part("t2", c.shape(), t2, 3));
  const Tensor expected = gradients_of(halves, {w2})[0];
  Machine machine(tape), reference(plain);
  const auto got = machine.read(gradient), want = reference.read(expected);
  for (std::size_t i = 0; i < got.size(); ++i)
    CHECK(got[i] == doctest::Approx(want[i]).epsilon(1e-5));
}

TEST_CASE("concat: what cannot move is copied") {
  Tape tape;
  const Tensor a = leaf(tape, "a", {1, 2, 2, 2});
  const Tensor x = tape.make("x", {1, 2, 2, 1}, Life::input);
  const Tensor b = tanh(a), inner = concat(a, x), outer = concat(inner, b);
  const Tensor twice = concat(b, b);  // b is a part already
  for (const Tensor& t : {outer, twice}) tape.keep(t);
  const Tensor zeros = tape.constant("zeros", twice.shape(), 0);
  const Tensor loss = mean_squared_error(twice, zeros);
  const Tensor gradient = gradients_of(loss, {a})[0];
  Machine machine(tape);
  const auto values = machine.store.read<float>("a");
  const auto all = machine.read(outer), pairs = machine.read(twice), got = machine.read(gradient);
  for (std::size_t pixel = 0; pixel < 4; ++pixel) {
    for (std::size_t c = 0; c < 2; ++c) {
      const float v = values[2 * pixel + c], th = std::tanh(v);
      CHECK(all[5 * pixel + c] == v);
      CHECK(all[5 * pixel + 3 + c] == doctest::Approx(th).epsilon(1e-5));
      CHECK(pairs[4 * pixel + c] == pairs[4 * pixel + 2 + c]);
      // mean over 16 of tanh^2, each a twice
      CHECK(got[2 * pixel + c] == doctest::Approx(2 * 2 * th * (1 - th * th) / 16).epsilon(1e-4));
    }
    CHECK(all[5 * pixel + 2] == random_values(4, std::uint64_t(x.id))[pixel]);
  }
}

TEST_CASE("backward: only what the wanted leaves need is recorded") {
  Tape tape;
  const Tensor w1 = leaf(tape, "w1", {2, 3, 3, 2}), w2 = leaf(tape, "w2", {2, 3, 3, 2});
  const Tensor x = tape.make("x", {1, 4, 4, 2}, Life::input);
  const Tensor loss = mean_squared_error(conv2d(conv2d(x, w1, {}, {1, 1}), w2, {}, {1, 1}), x);
  const std::vector<Tensor> wanted = {w2};
  backward(loss, wanted);
  const std::string tape_text = tape.describe();
  CHECK(tape_text.find("conv2d_filter_grad") != std::string::npos);
  CHECK(tape_text.find("conv2d_input_grad") == std::string::npos);
}

TEST_CASE("backward: refusals") {
  Tape tape;
  const Tensor w = leaf(tape, "w", {1, 2, 2, 2}), other = leaf(tape, "other", {1, 2, 2, 2});
  const Tensor x = tape.make("x", {1, 2, 2, 2}, Life::input);
  const auto refusal = [](Tensor loss, std::vector<Tensor> wanted) {
    return error_of(Fault::bug, [&] { backward(loss, wanted); });
  };
  const Tensor loss = mean_squared_error(w, x);
  CHECK_CONTAINS(refusal(w + x, {w}), "must be a scalar, but is linear (1,2,2,2)");
  CHECK_CONTAINS(refusal(loss, {other}), "squared_error (1,1,1,1) depends on none");
  CHECK_CONTAINS(refusal(loss, {w, other}),
                 "squared_error (1,1,1,1) does not depend on other (1,2,2,2)");
  const Tensor score = top_mean(pooled_residual(w, x, 0), 0.5f);
  CHECK_CONTAINS(refusal(score, {w}), "[top_mean] has no gradient");
}

TEST_CASE("backward: an op that made a whole of which only parts are used is refused, not wrong") {
  Tape tape;
  const Tensor w = leaf(tape, "w", {1, 2, 2, 4});
  const Tensor x = tape.make("x", {1, 2, 2, 2}, Life::input);
  const Tensor both = concat(2.0 * w, tanh(x)), again = linear(both, {}, {.alpha = 3});
  const Tensor part = tape.make_part("part", x.shape(), again, 0);
  CHECK_CONTAINS(
      error_of(Fault::bug, [&] { backward(mean_squared_error(part, x), std::vector{w}); }),
      "linear makes linear#2 (1,2,2,6), of which only parts have a gradient");
  Parameters p(tape, "net", Phase::training);
  const Conv2d used(p, "used", 2, 2, 3, {1, 1}, Bias::present);
  const Conv2d idle(p, "idle", 2, 2, 3, {1, 1}, Bias::present);
  CHECK_CONTAINS(error_of(Fault::bug, [&] { backward(mean_squared_error(used(x), x), p.all()); }),
                 "does not depend on net.idle.filter");
}

TEST_CASE("backward: a value that was overwritten after it was read") {
  Tape tape;
  const Tensor w = leaf(tape, "w", {2, 3, 3, 2});
  const Tensor x = tape.make("x", {1, 4, 4, 2}, Life::input);
  const Tensor loss = mean_squared_error(conv2d(tanh(conv2d(x, w, {}, {1, 1})), w, {}, {1, 1}), x);
  linear_into(w, {}, {.alpha = 0.5f}, w);
  const std::string error = error_of(Fault::bug, [&] { backward(loss, std::vector{w}); });
  CHECK_CONTAINS(error, "the gradient of conv2d -> conv2d#2 (1,4,4,2) needs w (2,3,3,2)");
  CHECK_CONTAINS(error, "node 4 (linear) has overwritten");

  // What the gradient does not read may change.
  Tape free;
  const Tensor a = leaf(free, "a", {1, 2, 2, 2});
  const Tensor y = free.make("y", a.shape(), Life::input);
  const Tensor fine = mean_squared_error(2.0 * a, y);
  linear_into(a, {}, {.alpha = 0.5f}, a);
  CHECK_NOTHROW(backward(fine, std::vector{a}));
}

TEST_CASE("backward: a value in between that is written twice is refused, not wrong") {
  Tape tape;
  const Tensor w = leaf(tape, "w", {1, 2, 2, 2});
  const Tensor x = tape.make("x", {1, 2, 2, 2}, Life::input);
  const Tensor updated = 2.0 * w, replaced = 2.0 * w;
  linear_into(updated, {}, {.alpha = 3}, updated);
  linear_into(w, {}, {.alpha = 3}, replaced);
  const auto refusal = [&](Tensor y) {
    const Tensor loss = mean_squared_error(y, x);
    return error_of(Fault::bug, [&] { backward(loss, std::vector{w}); });
  };
  CHECK_CONTAINS(refusal(updated), "node 2 overwrites linear (1,2,2,2)");
  CHECK_CONTAINS(refusal(replaced), "node 3 overwrites linear#2 (1,2,2,2)");
}

TEST_CASE("backward: a part of a flat buffer that was overwritten as a whole") {
  Tape tape;
  Parameters p(tape, "net", Phase::training);
  const Conv2d layer(p, "layer", 2, 2, 3, {1, 1}, Bias::present);
  const Tensor x = tape.make("x", {1, 4, 4, 2}, Life::input);
  const Tensor loss = mean_squared_error(layer(layer(x)), x);
  linear_into(p.flat(), {}, {.alpha = 0.5f}, p.flat());
  CHECK_CONTAINS(error_of(Fault::bug, [&] { backward(loss, p.all()); }), "net.layer.filter");
}

TEST_CASE("backward: a skip that is used after the concatenation is refused, not wrong") {
  Tape tape;
  const Tensor w = leaf(tape, "w", {1, 2, 2, 2});
  const Tensor x = tape.make("x", {1, 2, 2, 2}, Life::input);
  const Tensor t = tape.make("t", {1, 2, 2, 4}, Life::input);
  const Tensor skip = tanh(w), y = concat(skip, tanh(x));
  const Tensor first = mean_squared_error(y, t), late = mean_squared_error(skip, x);
  CHECK_CONTAINS(error_of(Fault::bug, [&] { backward(first + late, std::vector{w}); }),
                 "use the part before the whole");
}

}  // namespace
}  // namespace dagan
