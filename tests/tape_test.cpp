// Recording: names, parts, and what is refused while a tape is being written.
#include "core/tape.h"

#include <doctest/doctest.h>

#include "layers/activation.h"
#include "layers/arithmetic.h"
#include "layers/batch_norm.h"
#include "layers/concat.h"
#include "layers/conv2d.h"
#include "layers/losses.h"
#include "tests/data_files.h"

namespace dagan {
namespace {

using testing::error_of;

TEST_CASE("tape: scopes prefix names, and a name that is taken gets a number") {
  Tape tape;
  const Tensor x = tape.make("x", {}, Life::input);
  CHECK(tape.make("x", {}).name() == "x#2");
  {
    const Scope outer(tape, "net");
    const Scope inner(tape, "down1");
    CHECK(tape.make("x", {}).name() == "net.down1.x");
    CHECK(relu(x).name() == "net.down1.leaky_relu");
    CHECK(relu(x).name() == "net.down1.leaky_relu#2");
  }
  CHECK(tape.make("y", {}).name() == "y");
  CHECK(tape.find("net.down1.x").name() == "net.down1.x");
  CHECK_CONTAINS(error_of(Fault::bug, [&] { tape.find("z"); }), "z");
}

TEST_CASE("tape: a persistent value is one value however often it is made") {
  Tape tape;
  const Tensor w = tape.make("w", {1, 1, 1, 3}, Life::persistent);
  CHECK(tape.make("w", {1, 1, 1, 3}, Life::persistent) == w);
  const std::string error = error_of(Fault::bug, [&] {
    tape.make("w", {1, 1, 1, 4}, Life::persistent);
  });
  CHECK_CONTAINS(error, "w is recorded as (1,1,1,3) and as (1,1,1,4)");
  const Tensor x = tape.make("x", {}, Life::input);
  CHECK_CONTAINS(error_of(Fault::bug, [&] { tape.make("x", {}, Life::persistent); }),
                 "x is recorded already");
  CHECK(tape[x].life == Life::input);
}

TEST_CASE("tape: the description has a line for each node, with operands and shapes") {
  Tape tape;
  const Tensor x = tape.make("x", {2, 3, 4, 5}, Life::input);
  mean_squared_error(tanh(x), x);
  CHECK(tape.describe() ==
        "0  tanh :  x (2,3,4,5)  ->  tanh (2,3,4,5)\n"
        "1  squared_error :  tanh (2,3,4,5)  x (2,3,4,5)  ->  squared_error (1,1,1,1)\n");
}

TEST_CASE("tape: what does not fit is refused with the op, the names and the shapes") {
  Tape tape;
  const Tensor x = tape.make("x", {2, 8, 8, 3}, Life::input);
  const Tensor w = tape.make("w", {5, 4, 4, 4}, Life::persistent);
  const Tensor v = tape.make("v", {5, 4, 4, 3}, Life::persistent);
  const Tensor small = tape.make("small", {2, 1, 1, 3}, Life::input);
  const auto refused = [](auto&& record, std::initializer_list<const char*> parts) {
    const std::string error = error_of(Fault::bug, record);
    for (const char* part : parts) CHECK_CONTAINS(error, part);
  };
  refused(
      [&] {
        conv2d(x, w, {}, {2, 1});
      },
      {"[conv2d]", "x (2,8,8,3) has 3 channels", "w (5,4,4,4) expects 4"});
  refused([&] { conv2d(small, v, {}, {2, 1}); }, {"[conv2d]", "small (2,1,1,3)", "v (5,4,4,3)"});
  refused(
      [&] {
        conv2d(x, v, tape.make("b", {1, 1, 1, 4}, Life::persistent), {2, 1});
      },
      {"[conv2d]", "b (1,1,1,4)", "5 channels"});
  refused(
      [&] {
        conv_transpose2d(x, v, {}, {2, 1});
      },
      {"[conv_transpose2d]", "x (2,8,8,3) has 3 channels", "v (5,4,4,3) expects 5"});
  refused([&] { concat(x, small); }, {"[concat]", "x (2,8,8,3)", "small (2,1,1,3)"});
  refused([&] { x + small; }, {"[linear]", "x (2,8,8,3)", "small (2,1,1,3)"});
  refused([&] { mean_squared_error(x, small); }, {"[squared_error]", "small (2,1,1,3)"});
  refused([&] { mean_absolute_error(x, small); }, {"[absolute_error]", "small (2,1,1,3)"});
  const Tensor narrow = tape.make("narrow", x.shape(), Life::input, DType::bf16);
  refused([&] { mean_squared_error(narrow, narrow); }, {"[squared_error]", "must be f32"});
  refused([&] { leaky_relu(x, -1); }, {"[leaky_relu]", "-1", "x (2,8,8,3)"});
  refused([&] { tape.make("none", {1, 0, 1, 1}); }, {"none", "(1,0,1,1)"});
  CHECK(tape.nodes().empty());
}

TEST_CASE("tape: batch norm wants its channels, and more than one pixel to train on") {
  Tape tape;
  Parameters p(tape, "net", Phase::training);
  const BatchNorm norm(p, "norm", 3);
  const Tensor wide = tape.make("wide", {2, 8, 8, 4}, Life::input);
  CHECK_CONTAINS(error_of(Fault::bug, [&] { norm(wide); }), "wide (2,8,8,4) has 4 channels");
  const Tensor dot = tape.make("dot", {1, 1, 1, 3}, Life::input);
  CHECK_CONTAINS(error_of(Fault::bug, [&] { norm(dot); }), "dot (1,1,1,3) has one pixel");
}

TEST_CASE("tape: tensors of another tape are refused") {
  Tape tape, other;
  const Tensor x = tape.make("x", {}, Life::input), y = other.make("stranger", {}, Life::input);
  CHECK_CONTAINS(error_of(Fault::bug, [&] { x + y; }), "stranger (1,1,1,1)");
}

TEST_CASE("tape: a part must lie inside a value that is no part itself") {
  Tape tape;
  const Tensor flat = tape.make("flat", {1, 1, 1, 10}, Life::persistent);
  const Tensor part = tape.make_part("part", {2, 1, 1, 2}, flat, 6);
  CHECK(tape[part].pitch == 2);
  CHECK_CONTAINS(error_of(Fault::bug,
                          [&] {
                            tape.make_part("p", {1, 1, 1, 5}, flat, 6);
                          }),
                 "p (1,1,1,5) at 6 does not fit into flat (1,1,1,10)");
  CHECK_CONTAINS(error_of(Fault::bug, [&] { tape.make_part("p", {}, part, 0); }), "part");
  const Tensor image = tape.make("image", {2, 4, 4, 6});
  CHECK(tape[tape.make_part("slice", {2, 4, 4, 2}, image, 4)].pitch == 6);
  CHECK_CONTAINS(error_of(Fault::bug,
                          [&] {
                            tape.make_part("s", {2, 4, 4, 3}, image, 4);
                          }),
                 "image");
  CHECK_CONTAINS(error_of(Fault::bug,
                          [&] {
                            tape.make_part("s", {2, 4, 3, 2}, image, 0);
                          }),
                 "image");
  CHECK_CONTAINS(error_of(Fault::bug, [&] { tape.grow(flat, 9); }), "flat");
}

}  // namespace
}  // namespace dagan
