#include "dagan/recipe/recipe_table.h"

#include <charconv>

namespace dagan {
namespace {

template <auto Section, auto Member>
RecipeValue at(Recipe& recipe) {
  return &(recipe.*Section.*Member);
}

constexpr double kMost = 9007199254740992;  // 2^53: whole numbers that a double holds exactly

using Data = Recipe::Data;
using Model = Recipe::Model;
using Loss = Recipe::Loss;
using Train = Recipe::Train;
using Repair = Recipe::Repair;
using Augment = Recipe::Augment;
using Detect = Recipe::Detect;

const Accepts kAnything;

Accepts between(double low, double high, const char* unit = "") { return {low, high, unit, {}}; }

template <class... Choices>
Accepts one_of(Choices... choices) {
  return {0, 0, "", {choices...}};
}

const RecipeKey kKeys[] = {
    {"data.size", at<&Recipe::data, &Data::size>, between(8, 2048, "pixels"),
     "height and width of what the networks see"},
    {"data.channels", at<&Recipe::data, &Data::channels>, one_of("auto", "1", "3"),
     "of the networks; auto: as many as the images have"},
    {"data.levels", at<&Recipe::data, &Data::levels>, kAnything,
     "camera values mapped to -1 and 1: auto (seen in the training images), full (all of the "
     "file's bits), LOW:HIGH"},
    {"data.validation_fraction", at<&Recipe::data, &Data::validation_fraction>, between(0, 0.9),
     "share of the good training images held back to set the threshold"},

    {"model.kind", at<&Recipe::model, &Model::kind>, one_of("dagan", "unet"),
     "unet: the generator alone, the paper's ablation"},
    {"model.levels", at<&Recipe::model, &Model::levels>, between(2, 10),
     "stride-2 convolutions down to the bottleneck"},
    {"model.width", at<&Recipe::model, &Model::width>, between(1, 512),
     "channels of the first level"},
    {"model.slope", at<&Recipe::model, &Model::slope>, between(0, 1), "of LeakyReLU below zero"},
    {"model.decoder_norm", at<&Recipe::model, &Model::decoder_norm>, kAnything,
     "batch norm behind the decoder's transposed convolutions"},
    {"model.init", at<&Recipe::model, &Model::init>, between(1e-6, 10),
     "standard deviation of the initial filters"},

    {"loss.game", at<&Recipe::loss, &Loss::game>, one_of("paper", "hinge", "adae"),
     "how the players meet; hinge: D's gain ends at the margin; adae: D(G(x)) against G(x)"},
    {"loss.turns", at<&Recipe::loss, &Loss::turns>, one_of("alternating", "simultaneous"),
     "simultaneous: both players learn from one meeting, in fewer operations; not with hinge"},
    {"loss.norm", at<&Recipe::loss, &Loss::norm>, one_of("squared", "absolute"),
     "of every difference of two images"},
    {"loss.adversarial", at<&Recipe::loss, &Loss::adversarial>, between(0, 1e6),
     "weight of |D(x) - D(G(x))|"},
    {"loss.generator", at<&Recipe::loss, &Loss::generator>, between(0, 1e6),
     "weight of |x - G(x)|"},
    {"loss.discriminator", at<&Recipe::loss, &Loss::discriminator>, between(0, 1e6),
     "weight of |x - D(x)|"},
    {"loss.margin", at<&Recipe::loss, &Loss::margin>, between(0, 4),
     "hinge: the |D(x) - D(G(x))| from which D gains nothing more"},
    {"loss.balance", at<&Recipe::loss, &Loss::balance>, between(0, 1e6),
     "adae: weight of |G(x) - D(G(x))| in D's loss"},

    {"train.steps", at<&Recipe::train, &Train::steps>, between(1, 1e9), "updates of each player"},
    {"train.batch", at<&Recipe::train, &Train::batch>, between(1, 4096), "images of one step"},
    {"train.learning_rate", at<&Recipe::train, &Train::learning_rate>, between(1e-9, 1),
     "of Adam, at the start"},
    {"train.beta1", at<&Recipe::train, &Train::beta1>, between(0, 0.999999),
     "of Adam: decay of the mean gradient"},
    {"train.beta2", at<&Recipe::train, &Train::beta2>, between(0, 0.999999),
     "of Adam: decay of the mean squared gradient"},
    {"train.schedule", at<&Recipe::train, &Train::schedule>, one_of("constant", "cosine"),
     "of the learning rate; cosine: down to zero at the last step"},
    {"train.average_decay", at<&Recipe::train, &Train::average_decay>, between(0, 0.999999),
     "of the averaged weights that detection uses; 0: the last weights"},
    {"train.precision", at<&Recipe::train, &Train::precision>, one_of("f32", "bf16"),
     "of activations and of the filters that are read; weights, statistics and sums stay f32"},
    {"train.seed", at<&Recipe::train, &Train::seed>, between(0, kMost),
     "of every random number of the run"},
    {"train.checkpoint_every", at<&Recipe::train, &Train::checkpoint_every>,
     between(1, 1e9, "steps"), "between checkpoints"},
    {"train.sample_every", at<&Recipe::train, &Train::sample_every>, between(1, 1e9, "steps"),
     "between sheets of input, reconstruction and residual"},
    {"train.log_every", at<&Recipe::train, &Train::log_every>, between(1, 1e9, "steps"),
     "between lines of metrics.jsonl"},

    {"repair.rectangles", at<&Recipe::repair, &Repair::rectangles>, between(0, 64),
     "damage for the generator to undo, at most so many an image; 0: none"},
    {"repair.side_min", at<&Recipe::repair, &Repair::side_min>, between(0, 1),
     "of a rectangle, as a share of the size"},
    {"repair.side_max", at<&Recipe::repair, &Repair::side_max>, between(0, 1),
     "of a rectangle, as a share of the size"},
    {"repair.brightness", at<&Recipe::repair, &Repair::brightness>, between(0, 2),
     "largest shift of a rectangle that is not a paste; black to white is 2"},
    {"repair.noise", at<&Recipe::repair, &Repair::noise>, between(0, 2),
     "standard deviation of the noise to undo; black to white is 2"},

    {"augment.flip_horizontal", at<&Recipe::augment, &Augment::flip_horizontal>,
     one_of("auto", "on", "off"),
     "mirror half of the images; auto: where good ones have no left and right"},
    {"augment.flip_vertical", at<&Recipe::augment, &Augment::flip_vertical>,
     one_of("auto", "on", "off"),
     "turn half of the images upside down; auto: where they have no top and bottom"},
    {"augment.shift", at<&Recipe::augment, &Augment::shift>, between(0, 1024, "pixels"),
     "largest random shift"},

    {"detect.residual", at<&Recipe::detect, &Detect::residual>,
     one_of("generator", "discriminator", "both"), "whose difference to the image is scored"},
    {"detect.pool_radius", at<&Recipe::detect, &Detect::pool_radius>, between(0, 256, "pixels"),
     "of the window in which the residual is averaged; 0: none"},
    {"detect.top_fraction", at<&Recipe::detect, &Detect::top_fraction>, between(1e-6, 1),
     "of the pixels, the strongest, whose mean is the score; 1: the plain mean"},
    {"detect.standardise", at<&Recipe::detect, &Detect::standardise>, kAnything,
     "measure each pixel's residual in its own spread on good images, for aligned parts"},
    {"detect.spread_shrinkage", at<&Recipe::detect, &Detect::spread_shrinkage>, between(0, 1),
     "how far each pixel's spread on good images is drawn towards that of the whole map"},
    {"detect.max_false_reject", at<&Recipe::detect, &Detect::max_false_reject>, between(1e-6, 0.5),
     "share of good parts that the threshold may reject"},
};

std::string number_text(double value) {
  char buffer[32];
  char* const last = buffer + sizeof buffer;
  const bool whole = value == std::int64_t(value);
  const auto result =
      whole ? std::to_chars(buffer, last, std::int64_t(value)) : std::to_chars(buffer, last, value);
  return {buffer, result.ptr};
}

}  // namespace

std::span<const RecipeKey> recipe_keys() { return kKeys; }

std::string accepted(const RecipeKey& key) {
  Recipe recipe;
  const RecipeValue value = key.value(recipe);
  if (std::holds_alternative<bool*>(value)) return "true or false";
  if (!key.accepts.choices.empty()) {
    std::string list;
    for (const std::string& choice : key.accepts.choices) list += ", \"" + choice + '"';
    return "one of" + list.substr(1);
  }
  if (std::holds_alternative<std::string*>(value)) return "a string";
  return text(std::holds_alternative<double*>(value) ? "a number" : "a whole number", " from ",
              number_text(key.accepts.low), " to ", number_text(key.accepts.high));
}

std::string value_text(const RecipeKey& key, const Recipe& recipe) {
  Recipe copy = recipe;
  const RecipeValue value = key.value(copy);
  if (const auto* flag = std::get_if<bool*>(&value)) return **flag ? "true" : "false";
  if (const auto* count = std::get_if<std::int64_t*>(&value)) return std::to_string(**count);
  if (const auto* words = std::get_if<std::string*>(&value)) return '"' + **words + '"';
  const std::string number = number_text(*std::get<double*>(value));
  return number.find_first_of(".e") == std::string::npos ? number + ".0" : number;
}

namespace {

// auto | full | LOW:HIGH with LOW < HIGH
bool is_levels(const std::string& levels) {
  if (levels == "auto" || levels == "full") return true;
  const char *begin = levels.data(), *end = begin + levels.size();
  double low = 0, high = 0;
  const auto colon = std::from_chars(begin, end, low);
  if (colon.ec != std::errc() || colon.ptr == end || *colon.ptr != ':') return false;
  const auto rest = std::from_chars(colon.ptr + 1, end, high);
  return rest.ec == std::errc() && rest.ptr == end && low < high;
}

}  // namespace

void check_recipe(const Recipe& recipe) {
  const auto& [data, model, loss, train, repair, augment, detect] = recipe;
  const std::int64_t step = std::int64_t(1) << model.levels;
  check(Fault::usage, data.size % step == 0, "data.size ", data.size,
        " cannot be halved model.levels = ", model.levels, " times; use a multiple of ", step);
  check(Fault::usage, is_levels(data.levels), "data.levels is \"", data.levels,
        "\", expected auto, full or LOW:HIGH with LOW below HIGH");
  check(Fault::usage, repair.side_min <= repair.side_max, "repair.side_min ", repair.side_min,
        " is above repair.side_max ", repair.side_max);
  check(Fault::usage, 2 * augment.shift < data.size, "augment.shift ", augment.shift,
        " is half of data.size ", data.size, " or more");
  const bool together = model.kind == "dagan" && loss.turns == "simultaneous";
  check(Fault::usage, !together || loss.game != "hinge",
        "loss.turns \"simultaneous\" needs players who want opposite things, which behind a margin "
        "they do not; use loss.game \"paper\" or \"adae\"");
  check(Fault::usage, !together || loss.game != "adae" || loss.adversarial <= 1e6 * loss.balance,
        "loss.turns \"simultaneous\" with loss.game \"adae\" needs a loss.balance of at least a "
        "millionth of loss.adversarial");
  check(Fault::usage, model.kind == "dagan" || detect.residual == "generator", "detect.residual \"",
        detect.residual, "\" needs the discriminator, which model.kind \"", model.kind,
        "\" has not");
  check(Fault::usage, detect.residual != "both" || detect.standardise,
        "detect.residual \"both\" adds two maps, which are only comparable with detect.standardise "
        "= true");
}

}  // namespace dagan
