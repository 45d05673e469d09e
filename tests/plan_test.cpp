// Where values lie: never two of them in one place while both are needed.
#include "core/plan.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>

#include "dagan/model/step.h"
#include "kernels/backend.h"
#include "layers/activation.h"
#include "layers/arithmetic.h"
#include "tests/data_files.h"

namespace dagan {
namespace {

std::vector<View> views_of(const std::vector<Tensor>& tensors) {
  std::vector<View> views;
  for (const Tensor& t : tensors) views.push_back({nullptr, t.shape(), t.dtype(), t.shape().c});
  return views;
}

std::vector<std::int64_t> scratch_of(const Tape& tape) {
  std::vector<std::int64_t> bytes;
  for (const Node& node : tape.nodes()) {
    bytes.push_back(
        node.op->scratch(*cpu_backend().kernels, views_of(node.in), views_of(node.out)));
  }
  return bytes;
}

// Bytes that somebody needs from one node to another, both included.
struct Tenant {
  std::string name;
  std::int64_t begin, end;
  int first, last;
  int value;  // -1: scratch
};

std::vector<Tenant> tenants(const Tape& tape, const Plan& plan,
                            const std::vector<std::int64_t>& scratch) {
  std::vector<Tenant> result;
  const int end = int(tape.nodes().size());
  for (int id = 0; id < int(tape.values().size()); ++id) {
    const Value& value = tape.values()[std::size_t(id)];
    const std::int64_t at = plan.offset[std::size_t(id)];
    if (value.whole >= 0 || at < 0) continue;
    Tenant t{value.name, at, at + value.shape.size() * size_of(value.dtype), end, -1, id};
    for (int node = 0; node < end; ++node) {
      const Node& n = tape.nodes()[std::size_t(node)];
      for (const auto* list : {&n.in, &n.out}) {
        for (const Tensor& operand : *list) {
          if (operand.id != id && tape[operand].whole != id) continue;
          t.first = std::min(t.first, node);
          t.last = std::max(t.last, node);
        }
      }
    }
    if (value.life == Life::input || value.life == Life::constant) t.first = -1;
    if (value.life == Life::output || value.life == Life::constant) t.last = end;
    result.push_back(t);
  }
  for (int node = 0; node < end; ++node) {
    const std::int64_t at = plan.scratch[std::size_t(node)];
    CHECK((at >= 0) == (scratch[std::size_t(node)] > 0));
    if (at >= 0) {
      result.push_back(
          {text("scratch ", node), at, at + scratch[std::size_t(node)], node, node, -1});
    }
  }
  return result;
}

// Whether the two meet only where an op turns the one into the other in place.
bool handed_over(const Tape& tape, const Tenant& a, const Tenant& b) {
  if (a.value < 0 || b.value < 0 || a.last != b.first || a.begin != b.begin) return false;
  const Node& node = tape.nodes()[std::size_t(a.last)];
  return node.op->in_place() && node.in[0].id == a.value && node.out[0].id == b.value &&
         tape.values()[std::size_t(a.value)].life == Life::transient;
}

// The first pair that shares bytes while both are needed; "" if there is none.
std::string conflict(const Tape& tape, const Plan& plan, const std::vector<std::int64_t>& scratch) {
  const std::vector<Tenant> all = tenants(tape, plan, scratch);
  for (const Tenant& a : all) {
    CHECK(a.begin % 64 == 0);
    CHECK(a.end <= plan.arena);
    for (const Tenant& b : all) {
      if (&a >= &b || a.end <= b.begin || b.end <= a.begin) continue;
      if (a.last < b.first || b.last < a.first) continue;
      if (!handed_over(tape, a, b) && !handed_over(tape, b, a)) return a.name + " and " + b.name;
    }
  }
  return "";
}

StepOptions options(std::int64_t size, std::int64_t levels, std::int64_t width,
                    std::int64_t batch) {
  return {.architecture = {.size = size, .channels = 3, .levels = levels, .width = width},
          .batch = batch,
          .adam = {.average_decay = 0.9f},
          .augment = AugmentGeometry{.flip_horizontal = true, .shift = 2},
          .corrupt = CorruptGeometry{.rectangles = 2, .noise = 0.1f}};
}

TEST_CASE("plan: on the training tapes no two values that are needed at once share a byte") {
  for (const Game game : {Game::paper, Game::hinge, Game::adae}) {
    for (const bool discriminator : {true, false}) {
      StepOptions o = options(64, 5, 16, 4);
      o.game = game;
      o.discriminator = discriminator;
      o.keep_gradients = game == Game::hinge;
      const TrainingStep step(o);
      const auto scratch = scratch_of(step.tape());
      CHECK(conflict(step.tape(), plan(step.tape(), scratch), scratch) == "");
      const Plan apart = plan(step.tape(), scratch, {.reuse = false});
      CHECK(conflict(step.tape(), apart, scratch) == "");
      CHECK(apart.arena == apart.arena_without_reuse);
    }
  }
}

TEST_CASE("plan: the check sees a value that lies in another one's place") {
  const TrainingStep step(options(32, 4, 4, 2));
  const auto scratch = scratch_of(step.tape());
  Plan wrong = plan(step.tape(), scratch, {.reuse = false});
  const auto input = std::size_t(step.images().id);
  const auto output = std::size_t(step.generator_loss.id);
  wrong.offset[output] = wrong.offset[input];
  CHECK(conflict(step.tape(), wrong, scratch) ==
        "");  // the images are read before the loss is made
  const auto damaged = std::size_t(step.tape().find("corrupt").id);
  wrong.offset[damaged] = wrong.offset[input];
  CHECK(conflict(step.tape(), wrong, scratch) != "");
}

TEST_CASE("plan: a training step takes at most half of the memory that no reuse would take") {
  const TrainingStep step(options(64, 5, 16, 16));
  const Plan with = plan(step.tape(), scratch_of(step.tape()));
  MESSAGE("arena " << with.arena << " bytes, without reuse " << with.arena_without_reuse);
  CHECK(with.arena <= with.arena_without_reuse / 2);
}

TEST_CASE("plan: an op that may works in place, unless its input is needed later") {
  for (const bool needed : {false, true}) {
    Tape tape;
    const Tensor x = tape.make("x", {1, 4, 4, 4}, Life::input);
    const Tensor a = 2.0 * x, b = tanh(a), sum = needed ? a + b : b + b;
    tape.keep(sum);
    const Plan memory = plan(tape, scratch_of(tape));
    CHECK((memory.offset[std::size_t(a.id)] == memory.offset[std::size_t(b.id)]) == !needed);
    CHECK(memory.offset[std::size_t(a.id)] != memory.offset[std::size_t(x.id)]);
    CHECK(memory.arena == 2 * 256);
  }
}

// Everything that training leaves behind after some steps.
std::map<std::string, std::vector<std::byte>> trained(const StepOptions& o, PlanOptions memory) {
  const TrainingStep step(o);
  Store store(cpu_backend().runtime);
  step.initialise(store, 3, 0.02f);
  Program program(step.tape(), cpu_backend(), store, memory);
  store.set<float>(TrainingStep::kLearningRate, 1e-3f);
  std::vector<float> images(std::size_t(step.images().shape().size()));
  std::vector<float> losses;
  for (std::uint32_t i = 0; i < 4; ++i) {
    for (std::size_t j = 0; j < images.size(); ++j) {
      images[j] = 2 * uniform(Philox{5}.words(i, j)[0]) - 1;
    }
    store.set<std::uint32_t>(TrainingStep::kStep, i);
    program.write<float>(step.images(), images);
    program.run();
    losses.push_back(program.scalar(step.generator_loss));
    if (o.discriminator) losses.push_back(program.scalar(step.discriminator_loss));
  }
  std::map<std::string, std::vector<std::byte>> result;
  for (const auto& [name, view] : store.entries()) {
    const auto bytes = std::size_t(view.shape.size() * size_of(view.dtype));
    result[name] = {view.as<std::byte>(), view.as<std::byte>() + bytes};
  }
  const auto bytes = std::as_bytes(std::span(losses));
  result["losses"] = {bytes.begin(), bytes.end()};
  return result;
}

TEST_CASE("plan: several training steps with reuse leave the bits that they leave without") {
  for (const Game game : {Game::paper, Game::hinge, Game::adae}) {
    StepOptions o = options(32, 4, 4, 2);
    o.game = game;
    o.norm = game == Game::hinge ? Norm::absolute : Norm::squared;
    CHECK(trained(o, {.reuse = true}) == trained(o, {.reuse = false}));
  }
  StepOptions unet = options(32, 4, 4, 2);
  unet.discriminator = false;
  unet.architecture.decoder_norm = false;
  CHECK(trained(unet, {.reuse = true}) == trained(unet, {.reuse = false}));
}

}  // namespace
}  // namespace dagan
