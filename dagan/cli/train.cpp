#include <algorithm>
#include <csignal>
#include <iostream>

#include "dagan/cli/commands.h"
#include "dagan/cli/options.h"
#include "dagan/cli/output.h"
#include "dagan/cli/profile.h"
#include "dagan/cli/progress.h"
#include "dagan/data/file.h"
#include "dagan/recipe/configure.h"
#include "dagan/recipe/recipe_table.h"
#include "dagan/train/run_folder.h"
#include "dagan/train/stop.h"
#include "dagan/train/trainer.h"
#include "kernels/backend.h"
#include "kernels/versions.h"

namespace dagan {
namespace {

// Asks training to save and stop. After the first SIGINT or SIGTERM the next one kills; a SIGHUP
// never does: a terminal that is closed sends more than one signal.
void stop_once(int signal) {
  request_stop(signal);
  if (signal == SIGHUP) return;
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

// While it lives, the first SIGINT, SIGTERM or SIGHUP ends training in good order. Under nohup
// SIGHUP stays ignored. A closed pipe only ends the messages that went into it: hours of training
// are worth more.
class StopSignals {
 public:
  StopSignals() {
    clear_stop();
    struct sigaction action {};
    action.sa_handler = stop_once;
    action.sa_flags = SA_RESTART;
    // Each is handled before the next one, so that the first counts.
    sigemptyset(&action.sa_mask);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&action.sa_mask, signal);
    sigaction(SIGINT, &action, &interrupt_);
    sigaction(SIGTERM, &action, &terminate_);
    sigaction(SIGHUP, nullptr, &hangup_);
    if (hangup_.sa_handler != SIG_IGN) sigaction(SIGHUP, &action, nullptr);
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, &pipe_);
  }
  ~StopSignals() {
    sigaction(SIGINT, &interrupt_, nullptr);
    sigaction(SIGTERM, &terminate_, nullptr);
    sigaction(SIGHUP, &hangup_, nullptr);
    sigaction(SIGPIPE, &pipe_, nullptr);
  }
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

 private:
  struct sigaction interrupt_ {
  }, terminate_{}, hangup_{}, pipe_{};
};

// The built-in recipe or file, then --set in the given order, then the options that name a key.
Recipe resolve_recipe(const Arguments& arguments) {
  Recipe recipe = load_recipe(arguments.text("--recipe"));
  for (const std::string& assignment : arguments.list("--set")) set_recipe(recipe, assignment);
  for (const Option* option : options_of("train")) {
    const std::string name = long_name(*option);
    if (*option->key && arguments.has(name))
      set_recipe(recipe, option->key, arguments.text(name), name);
  }
  check_recipe(recipe);
  return recipe;
}

void check_resume(const Arguments& arguments) {
  for (const Option* option : options_of("train")) {
    const std::string name = long_name(*option);
    const bool fixed = *option->key || name == "--recipe" || name == "--set" || name == "--force" ||
                       name == "--data";
    check(
        Fault::usage, !fixed || !arguments.has(name), name,
        " cannot go with --resume, which keeps the data and the recipe of the run; leave it out, ",
        "or start a new run");
  }
}

bool lies_within(const std::filesystem::path& inner, const std::filesystem::path& outer) {
  std::error_code error;
  const auto path = std::filesystem::weakly_canonical(std::filesystem::absolute(inner), error);
  const auto folder = std::filesystem::canonical(outer, error);
  const auto end = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end()).first;
  return !folder.empty() && end == folder.end();
}

// A run's pictures would be taken for images of parts when the data folder is next read.
void check_apart(const TrainOptions& options) {
  const std::filesystem::path &data = options.data, &out = options.out;
  std::error_code error;
  const bool separate = std::filesystem::is_directory(data / "train", error) ||
                        std::filesystem::is_directory(data / "test", error);
  const bool within = separate ? lies_within(out, data / "train") || lies_within(out, data / "test")
                               : lies_within(out, data);
  check(Fault::usage, !within, shown(out), ": lies among the images of ", shown(data),
        ", and a run writes pictures; choose an --out elsewhere");
}

// What the run computes with, new or resumed.
DType activations_of(const TrainOptions& options) {
  if (!options.resume) return step_options_of(options.recipe, 1).activations;
  RunFolder folder(options.out);
  folder.require_unfinished();
  return step_options_of(load_recipe(folder.recipe().string()), 1).activations;
}

// Null unless it is asked for.
std::unique_ptr<Profile> profile_of(const Arguments& arguments, const Backend& backend) {
  if (!arguments.has("--profile")) return nullptr;
#if defined(DAGAN_HAS_BENCH)
  return make_profile(backend, arguments.text("--profile"));
#else
  static_cast<void>(backend);
  fail(Fault::usage, "--profile needs a build with the benchmarks: cmake -DDAGAN_BENCH=ON");
#endif
}

struct CountedProgress final : Progress {
  using Progress::Progress;
  void step(const StepReport& report) override {
    ++steps;
    Progress::step(report);
  }
  std::int64_t steps = 0;
};

}  // namespace

int run_train(const Arguments& arguments) {
  TrainOptions options;
  options.data = arguments.text("--data");
  options.out = arguments.text("--out");
  options.resume = arguments.has("--resume");
  options.force = arguments.has("--force");
  options.dry_run = arguments.has("--dry-run");
  if (options.resume) {
    check_resume(arguments);
  } else {
    check(Fault::usage, !options.data.empty(), "train needs --data DIR: a folder of good images");
    check_apart(options);
    options.recipe = resolve_recipe(arguments);
  }
  const Backend& device = backend_named(arguments.text("--device"));
  options.backend = arguments.has("--kernel")
                        ? &backend_with(device, arguments.list("--kernel"), activations_of(options))
                        : &device;
  const std::unique_ptr<Profile> profile = profile_of(arguments, *options.backend);
  if (profile) options.backend = &profile->backend();
  if (options.dry_run && !options.resume) std::cout << write_recipe(options.recipe) << std::flush;

  const bool quiet = arguments.has("--quiet");
  CountedProgress progress(std::cerr, progress_of_standard_error(quiet));
  const auto report = [&] {
    if (profile) profile->report(progress.steps, std::cerr);
  };
  const StopSignals signals;
  const std::string run = shown(options.out);
  TrainResult result;
  try {
    result = train(options, progress);
  } catch (const Interrupted&) {
    progress.message("continue with: dagan train --out " + run + " --resume");
    report();
    throw;
  }
  report();
  if (options.dry_run) return 0;
  progress.message(text("trained on ", result.training_images, " images in ",
                        std::int64_t(result.seconds + 0.5), " s; threshold ",
                        number_text(result.threshold), " from ", result.validation_images,
                        " others; weights ", result.fingerprint));
  progress.message("next: dagan eval " + run + ", or: dagan detect " + run + " IMAGE...");
  std::cout << result.model.string() << "\n";
  return 0;
}

}  // namespace dagan
