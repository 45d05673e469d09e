// A run that was stopped and continued is the run that was not.
#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "core/safetensors.h"
#include "dagan/data/file.h"
#include "dagan/train/run_folder.h"
#include "tests/small_runs.h"

namespace dagan {
namespace {

using namespace testing;

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    names.push_back(entry.path().lexically_relative(folder).string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

void check_same_runs(const fs::path& a, const fs::path& b) {
  CHECK(names_in(a) == names_in(b));
  for (const std::string& name : names_in(a)) {
    if (name == "metrics.jsonl" || fs::is_directory(a / name)) continue;
    CHECK_MESSAGE(content(a / name) == content(b / name), name);
  }
  CHECK(losses(a) == losses(b));
}

// Trains until the step at which a stop is asked for; that step, or 0 when training ended.
std::int64_t train_until(const TrainOptions& options, std::int64_t stop) {
  clear_stop();
  Watcher watcher;
  watcher.after = [&](std::int64_t step) {
    if (step == stop) request_stop(SIGTERM);
  };
  try {
    train(options, watcher);
  } catch (const Interrupted& interrupted) {
    CHECK(interrupted.signal() == SIGTERM);
    clear_stop();
    return stop;
  }
  clear_stop();
  return 0;
}

TEST_CASE("resume: interrupted at 20 random steps is uninterrupted, bit for bit") {
  const TemporaryFolder folder;
  Recipe recipe = small_recipe(60);
  recipe.train.checkpoint_every = 7;
  recipe.train.sample_every = 20;
  recipe.loss.game = "hinge";
  recipe.augment.shift = 2;
  recipe.detect.residual = "both";
  train_quietly(small_run(folder / "straight", recipe));
  std::set<std::int64_t> stops;
  for (std::uint64_t i = 0; stops.size() < 20; ++i) {
    stops.insert(1 + below(59, Philox{2024}.words(0, i)[0]));
  }
  TrainOptions options = small_run(folder / "stopped", recipe);
  for (const std::int64_t stop : stops) {
    const Threads any(1 + int(stop % 3));
    CHECK(train_until(options, stop) == stop);
    CHECK(!fs::exists(folder / "stopped/model.dagan"));
    CHECK(losses(folder / "stopped").size() == std::size_t(stop));
    options.resume = true;
    options.data.clear();
  }
  CHECK(train_until(options, 60) == 0);  // at the last step there is nothing left to interrupt
  check_same_runs(folder / "straight", folder / "stopped");
}

// Starts the program in a child of this process, with nothing to read from it.
pid_t start(const std::vector<std::string>& words) {
  const pid_t child = fork();
  if (child != 0) return child;
  std::vector<char*> pointers = {const_cast<char*>(DAGAN_PROGRAM)};
  for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  execv(DAGAN_PROGRAM, pointers.data());
  _exit(127);
}

std::size_t losses_so_far(const fs::path& run) {
  const std::string log = content(run / "metrics.jsonl");
  return std::size_t(std::count(log.begin(), log.end(), '\n'));
}

TEST_CASE("resume: killed without warning, again and again, is uninterrupted too") {
  const TemporaryFolder folder;
  Recipe recipe = small_recipe(60);
  recipe.train.checkpoint_every = 1;  // so that most kills hit a write
  recipe.train.sample_every = 3;
  train_quietly(small_run(folder / "straight", recipe));
  const std::string out = (folder / "killed").string();
  folder.put("recipe.toml", write_recipe(recipe));
  const std::vector<std::string> begin = {"train",    "--threads",
                                          "1",        "--quiet",
                                          "--out",    out,
                                          "--data",   small_set().string(),
                                          "--recipe", (folder / "recipe.toml").string()};
  const std::vector<std::string> again = {"train", "--threads", "1",       "--quiet",
                                          "--out", out,         "--resume"};
  int kills = 0, status = 0;
  for (bool ended = false; !ended;) {
    const bool begun = fs::exists(folder / "killed/checkpoint.safetensors");
    const pid_t child = start(begun ? again : begin);
    // The first kill comes before anything is written, the next ones after a few steps more.
    const std::uint32_t chance = Philox{7}.words(0, std::uint64_t(kills))[0];
    const std::size_t steps = kills == 0 ? 0 : losses_so_far(out) + 2 + below(8, chance);
    while (!ended && losses_so_far(out) < steps) {
      usleep(500);
      ended = waitpid(child, &status, WNOHANG) == child;
    }
    if (ended) break;
    usleep(below(4000, chance));
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    ended = WIFEXITED(status);
    ++kills;
    if (!begun) continue;
    const auto bytes = read_file(folder / "killed/checkpoint.safetensors", 1 << 24);
    CHECK_NOTHROW(parse_safetensors(bytes, "checkpoint"));
  }
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(kills > 3);
  check_same_runs(folder / "straight", folder / "killed");
}

TEST_CASE("resume: killed between the last checkpoint and the model, or amid a line of the log") {
  const TemporaryFolder folder;
  const fs::path run = folder / "run";
  TrainOptions options = small_run(run, small_recipe(6));
  train_quietly(options);
  const std::string model = content(run / "model.dagan");
  const auto log = losses(run);
  fs::remove(run / "model.dagan");
  folder.put("run/metrics.jsonl", content(run / "metrics.jsonl") + "{\"step\":6,\"gener");
  for (const char* left : {"run/model.dagan.tmp-1-0", "run/checkpoint.safetensors.tmp-22-3",
                           "run/metrics.jsonl.tmp-1-2", "run/samples/step_000006.png.tmp-1-1"}) {
    folder.put(left, "half");
  }
  options.resume = true;
  train_quietly(options);
  CHECK(content(run / "model.dagan") == model);
  CHECK(losses(run) == log);
  for (const std::string& name : names_in(run)) {
    CHECK_MESSAGE(name.find(".tmp-") == std::string::npos, name);
  }
}

TEST_CASE("resume: the log keeps what the checkpoint has seen, and no odd lines") {
  const TemporaryFolder folder;
  const fs::path run = folder / "run";
  TrainOptions options = small_run(folder / "straight", small_recipe(6));
  train_quietly(options);
  options.out = run;
  CHECK(train_until(options, 2) == 2);
  const std::string log = content(run / "metrics.jsonl");
  folder.put("run/metrics.jsonl", "3\n[]\n{}\n{\"step\":\"1\"}\n" + log +
                                      "{\"step\":3,\"late\":1}\n{\"step\":4,\"late\":1}\n");
  options.resume = true;
  train_quietly(options);
  CHECK(losses(run) == losses(folder / "straight"));
}

TEST_CASE("resume: what no longer fits is refused, and nothing is touched") {
  const TemporaryFolder folder;
  const fs::path run = folder / "run";
  fs::copy(small_set(), folder / "set", fs::copy_options::recursive);
  TrainOptions options = small_run(run, small_recipe(6));
  options.data = folder / "set";
  CHECK(train_until(options, 2) == 2);
  options.resume = true;
  const auto refusal = [&](Fault fault) {
    return error_of(fault, [&] { train_quietly(options); });
  };
  const auto changed = [&](const char* name, const std::string& text, Fault fault) {
    const std::string before = content(run / name);
    folder.put(std::string("run/") + name, text);
    const std::string message = refusal(fault);
    folder.put(std::string("run/") + name, before);
    return message;
  };
  const std::string recipe = content(run / "recipe.toml");
  std::string other = recipe;
  other.replace(other.find("steps = 6"), 9, "steps = 9");
  CHECK_CONTAINS(changed("recipe.toml", other, Fault::usage), "differs from the recipe");
  other = recipe;
  other.replace(other.find("width = 4"), 9, "width = 5");
  CHECK_CONTAINS(changed("recipe.toml", other, Fault::model), "but this training needs");
  CHECK_CONTAINS(changed("recipe.toml", "nonsense", Fault::usage), "recipe.toml");
  const std::string state = content(run / "checkpoint.safetensors");
  CHECK_CONTAINS(changed("checkpoint.safetensors", state.substr(0, state.size() - 1), Fault::model),
                 "truncated");
  other = state;
  other[state.size() - 99] = char(other[state.size() - 99] ^ 4);
  CHECK_CONTAINS(changed("checkpoint.safetensors", other, Fault::model), "checksum is wrong");
  fs::remove(folder / "set/train/good/003.png");
  CHECK_CONTAINS(refusal(Fault::data), "its images are not those that the run began with");
  fs::copy(small_set() / "train/good/003.png", folder / "set/train/good/003.png");
  CHECK(content(run / "checkpoint.safetensors") == state);
  train_quietly(options);
  CHECK_CONTAINS(refusal(Fault::output), "this run is finished");
}

TEST_CASE("a run folder: force replaces the run and no other files") {
  const TemporaryFolder folder;
  TrainOptions options = small_run(folder / "run", small_recipe(2));
  train_quietly(options);
  folder.put("run/notes.txt", "mine");
  folder.put("run/samples/mine.png", "mine");
  folder.put("run/samples/step_000099.png", "old");
  CHECK_CONTAINS(error_of(Fault::output, [&] { train_quietly(options); }), "holds a finished run");
  options.force = true;
  train_quietly(options);
  CHECK(content(folder / "run/notes.txt") == "mine");
  CHECK(content(folder / "run/samples/mine.png") == "mine");
  CHECK(!fs::exists(folder / "run/samples/step_000099.png"));
}

}  // namespace
}  // namespace dagan
