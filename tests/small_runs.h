// Training runs of a second or less, inside this process, on the workshop's set.
#pragma once
#include <omp.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "dagan/recipe/recipe_table.h"
#include "dagan/train/stop.h"
#include "dagan/train/trainer.h"
#include "tests/cli_workshop.h"

namespace dagan::testing {

// The recipe `tiny`, smaller: 16 pixels, 3 levels, 4 channels.
inline Recipe small_recipe(std::int64_t steps) {
  Recipe recipe = load_recipe("tiny");
  recipe.data.size = 16;
  recipe.model.levels = 3;
  recipe.model.width = 4;
  recipe.train.batch = 4;
  recipe.train.steps = steps;
  recipe.train.log_every = 1;
  return recipe;
}

// Calls a function after every step.
struct Watcher : Observer {
  std::function<void(std::int64_t)> after = [](std::int64_t) {};
  void step(const StepReport& report) override { after(report.step); }
};

inline fs::path small_set() { return workshop().folder / "set"; }

inline TrainOptions small_run(const fs::path& out, const Recipe& recipe) {
  TrainOptions options;
  options.data = small_set();
  options.out = out;
  options.recipe = recipe;
  return options;
}

inline TrainResult train_quietly(const TrainOptions& options) {
  clear_stop();
  Observer quiet;
  return train(options, quiet);
}

// Every line of a run's log without what depends on the clock.
inline std::vector<std::string> losses(const fs::path& run) {
  std::vector<std::string> lines;
  std::istringstream in(content(run / "metrics.jsonl"));
  for (std::string line; std::getline(in, line);) {
    auto json = nlohmann::ordered_json::parse(line);
    json.erase("seconds");
    lines.push_back(json.dump());
  }
  return lines;
}

// Sets the number of threads while it lives.
class Threads {
 public:
  explicit Threads(int count) : before_(omp_get_max_threads()) { omp_set_num_threads(count); }
  ~Threads() { omp_set_num_threads(before_); }
  Threads(const Threads&) = delete;

 private:
  int before_;
};

}  // namespace dagan::testing
