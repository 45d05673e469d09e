#include <csignal>
#include <iostream>

#include "dagan/cli/commands.h"
#include "dagan/cli/options.h"
#include "dagan/cli/output.h"
#include "dagan/cli/progress.h"
#include "dagan/data/file.h"
#include "dagan/train/recipe_table.h"
#include "dagan/train/stop.h"
#include "dagan/train/trainer.h"

namespace dagan {
namespace {

// While it lives, the first SIGINT or SIGTERM asks training to save and stop; a second one kills.
class StopSignals {
 public:
  StopSignals() {
    clear_stop();
    struct sigaction action {};
    action.sa_handler = request_stop;
    action.sa_flags = int(SA_RESETHAND) | SA_RESTART;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, &interrupt_);
    sigaction(SIGTERM, &action, &terminate_);
  }
  ~StopSignals() {
    sigaction(SIGINT, &interrupt_, nullptr);
    sigaction(SIGTERM, &terminate_, nullptr);
  }
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

 private:
  struct sigaction interrupt_ {
  }, terminate_{};
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
    options.recipe = resolve_recipe(arguments);
  }
  if (options.dry_run && !options.resume) std::cout << write_recipe(options.recipe) << std::flush;

  const bool quiet = arguments.has("--quiet");
  Progress progress(std::cerr, progress_of_standard_error(quiet));
  const StopSignals signals;
  const std::string run = shown(options.out);
  TrainResult result;
  try {
    result = train(options, progress);
  } catch (const Interrupted&) {
    progress.message("continue with: dagan train --out " + run + " --resume");
    throw;
  }
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
