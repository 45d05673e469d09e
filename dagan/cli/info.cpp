#include <algorithm>
#include <nlohmann/json.hpp>

#include "dagan/cli/commands.h"
#include "dagan/cli/options.h"
#include "dagan/cli/output.h"
#include "dagan/detect/model_file.h"
#include "dagan/recipe/recipe_table.h"

namespace dagan {
namespace {

using Json = nlohmann::ordered_json;

Json preprocessing_json(const Preprocessing& how) {
  return {{"size", how.size},
          {"channels", how.channels},
          {"levels", {decimal(how.levels.low), decimal(how.levels.high)}},
          {"bits", 8 * size_of(how.dtype)},
          {"image_height", how.height > 0 ? Json(how.height) : Json("any")},
          {"image_width", how.width > 0 ? Json(how.width) : Json("any")}};
}

Json validation_json(const std::vector<float>& scores) {
  Json json = {{"images", scores.size()}};
  if (scores.empty()) return json;
  std::vector<float> sorted = scores;
  std::sort(sorted.begin(), sorted.end());
  json["lowest_score"] = decimal(sorted.front());
  json["median_score"] = decimal(sorted[sorted.size() / 2]);
  json["highest_score"] = decimal(sorted.back());
  return json;
}

// key.name -> value, with the type that it has
Json recipe_json(const Recipe& recipe) {
  Recipe copy = recipe;
  Json json;
  for (const RecipeKey& key : recipe_keys()) {
    std::visit([&](const auto* value) { json[key.name] = *value; }, key.value(copy));
  }
  return json;
}

}  // namespace

int run_info(const Arguments& arguments) {
  const Model model = load_model(arguments.text("model"));
  std::int64_t weights = 0;
  for (const auto& [name, view] : model.store->entries()) weights += view.shape.size();
  Json json;
  json["file"] = model_path(arguments.text("model")).string();
  json["model"] = model.fingerprint;
  json["numbers"] = weights;
  json["threshold"] = decimal(model.threshold);
  json["max_false_reject"] = model.max_false_reject;
  json["validation"] = validation_json(model.validation_scores);
  json["images_seen"] = model.contents.size();
  json["preprocessing"] = preprocessing_json(model.preprocessing);
  json["recipe"] = recipe_json(model.recipe);
  print_object(json.dump(2, ' ', false, Json::error_handler_t::replace),
               arguments.text("--format"));
  return 0;
}

}  // namespace dagan
