// From a recipe's words to the options of the model, the step and the score.
#pragma once
#include "dagan/model/scoring.h"
#include "dagan/model/step.h"
#include "dagan/recipe/recipe.h"
#include "optim/schedule.h"

namespace dagan {

// The recipe has been checked (check_recipe) and its flips resolved (resolve_flips); `channels` are
// the camera's.
Architecture architecture_of(const Recipe& recipe, std::int64_t channels);
StepOptions step_options_of(const Recipe& recipe, std::int64_t channels);
Scoring scoring_of(const Recipe& recipe);
Schedule schedule_of(const Recipe& recipe);

// The weights that are evaluated and deployed: the averaged ones, where the recipe keeps an
// average.
Weights weights_of(const Recipe& recipe);

}  // namespace dagan
