// The table of recipe keys: what is read, refused, written and explained.
#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <locale>
#include <set>

#include "dagan/recipe/nearest.h"
#include "dagan/recipe/recipe_table.h"
#include "tests/data_files.h"

using namespace dagan;
using testing::error_of;

namespace {

std::string parse_error(const std::string& toml) {
  const auto [message, code] = error_of([&] { parse_recipe(toml, "my.toml"); });
  CHECK(code == (message.empty() ? 0 : 2));
  return message;
}

std::string set_error(const std::string& assignment) {
  Recipe recipe;
  const auto [message, code] = error_of([&] { set_recipe(recipe, assignment); });
  CHECK(code == (message.empty() ? 0 : 2));
  return message;
}

// A recipe in which every key has another value than its default.
Recipe everything_changed() {
  Recipe recipe;
  for (const RecipeKey& key : recipe_keys()) {
    const RecipeValue value = key.value(recipe);
    if (const auto* flag = std::get_if<bool*>(&value)) **flag = !**flag;
    if (const auto* count = std::get_if<std::int64_t*>(&value)) **count += 1;
    if (const auto* number = std::get_if<double*>(&value)) {
      **number = (**number + key.accepts.low) / 3 + 1e-3 / 7;
    }
    if (const auto* words = std::get_if<std::string*>(&value)) {
      **words = key.accepts.choices.empty() ? "0:4095" : key.accepts.choices.back();
    }
  }
  return recipe;
}

struct Comma : std::numpunct<char> {
  char do_decimal_point() const override { return ','; }
};

}  // namespace

TEST_CASE("every key has its own member, help, and a default that it accepts") {
  std::set<std::string> names;
  std::set<const void*> members;
  Recipe recipe;
  for (const RecipeKey& key : recipe_keys()) {
    INFO(std::string(key.name));
    CHECK(names.insert(key.name).second);
    const auto address = [](auto* member) { return static_cast<const void*>(member); };
    CHECK(members.insert(std::visit(address, key.value(recipe))).second);
    CHECK(std::string(key.help).size() > 5);
    CHECK(set_error(text(key.name, "=", value_text(key, recipe))) == "");
  }
  std::size_t bytes = 0, padding = 0;
  for (const RecipeKey& key : recipe_keys()) {
    const RecipeValue value = key.value(recipe);
    bytes += std::visit([](auto* member) { return sizeof *member; }, value);
    padding += std::holds_alternative<bool*>(value) ? alignof(Recipe) - sizeof(bool) : 0;
  }
  CHECK(sizeof(Recipe) <= bytes + padding);  // no member without a row
}

TEST_CASE("what is written is read again, in any locale") {
  const std::locale before = std::locale::global(std::locale(std::locale(), new Comma));
  const Recipe recipe = everything_changed();
  CHECK(!(recipe == Recipe{}));
  const std::string text = write_recipe(recipe);
  CHECK(parse_recipe(text, "written") == recipe);
  CHECK(write_recipe(parse_recipe(text, "written")) == text);
  std::locale::global(before);
}

TEST_CASE("built-in recipes") {
  CHECK(built_in_recipes() == std::vector<std::string>{"default", "paper", "tiny"});
  for (const std::string& name : built_in_recipes()) {
    CHECK_NOTHROW(check_recipe(load_recipe(name)));
  }
  CHECK(load_recipe("default") == Recipe{});
  const Recipe paper = load_recipe("paper");
  CHECK(paper.train.steps == 20000);
  CHECK(paper.train.learning_rate == 1e-3);
  CHECK(paper.train.schedule == "constant");
  CHECK(paper.train.average_decay == 0);
  CHECK(paper.model.width == 64);
  CHECK(paper.loss.norm == "squared");
  CHECK(paper.loss.adversarial == 1);
  CHECK(paper.loss.generator == 40);
  CHECK(paper.loss.discriminator == 1);
  CHECK(paper.repair.rectangles == 0);
  CHECK(paper.repair.noise == 0);
  CHECK(paper.detect.top_fraction == 1);
}

TEST_CASE("a recipe file's errors say where, what and what instead") {
  CHECK(parse_error("[train]\nsteps = 5\nlearning_rate = 1").empty());
  CHECK(parse_error("[train]\n\nstesp = 5") ==
        "my.toml:3: unknown key train.stesp; did you mean train.steps?");
  CHECK(parse_error("steps = 5") == "my.toml:1: unknown key steps; did you mean train.steps?");
  CHECK(parse_error("[trian]\nbatch = 5") ==
        "my.toml:2: unknown key trian.batch; did you mean train.batch?");
  CHECK(
      parse_error("[train]\nsteps = \"many\"") ==
      "my.toml:2: train.steps is a string ('many'), expected a whole number from 1 to 1000000000");
  CHECK(
      parse_error("[train]\nsteps = 1.5").starts_with("my.toml:2: train.steps is a number (1.5)"));
  CHECK(parse_error("[train]\nsteps = 0")
            .starts_with("my.toml:2: train.steps is a whole number (0)"));
  CHECK(parse_error("train.steps = [1, 2]").starts_with("my.toml:1: train.steps is not a single"));
  CHECK(parse_error("[train]\nlearning_rate = nan").starts_with("my.toml:2: train.learning_rate"));
  CHECK(parse_error("[train]\nschedule = \"cosin\"")
            .ends_with("expected one of \"constant\", \"cosine\""));
  CHECK(parse_error("[model]\ndecoder_norm = 1").ends_with("expected true or false"));
  CHECK(parse_error("[train\nsteps = 1").starts_with("my.toml:1: "));
  CHECK(error_of([] { parse_recipe("[train]\nsteps = 0", "model", Fault::model); }).second == 4);
}

TEST_CASE("--set") {
  Recipe recipe;
  set_recipe(recipe, "train.steps=77");
  set_recipe(recipe, "detect.max_false_reject=1%");
  set_recipe(recipe, "model.kind=unet");
  set_recipe(recipe, "model.decoder_norm=false");
  set_recipe(recipe, "data.levels=0:4095");
  CHECK(recipe.train.steps == 77);
  CHECK(recipe.detect.max_false_reject == 0.01);
  CHECK(recipe.model.kind == "unet");
  CHECK(recipe.model.decoder_norm == false);
  CHECK(recipe.data.levels == "0:4095");

  CHECK(set_error("steps") == "--set steps: expected KEY=VALUE");
  CHECK(set_error("stesp=1") == "--set stesp: unknown key stesp; did you mean train.steps?");
  CHECK(set_error("train.steps=1x") ==
        "--set train.steps 1x: expected a whole number from 1 to 1000000000");
  CHECK(set_error("train.steps=") != "");
  CHECK(set_error("train.steps=99999999999999999999") != "");
  CHECK(set_error("train.learning_rate=fast") != "");
  CHECK(set_error("detect.max_false_reject=90%") != "");
  CHECK(set_error("model.decoder_norm=yes") != "");
  CHECK(set_error("model.kind=u-net") != "");
}

TEST_CASE("rules that join several keys") {
  const auto refuses = [](const std::vector<std::string>& assignments, const std::string& word) {
    Recipe recipe;
    for (const std::string& assignment : assignments) set_recipe(recipe, assignment);
    const auto [message, code] = error_of([&] { check_recipe(recipe); });
    INFO(message);
    return code == 2 && message.find(word) != std::string::npos;
  };
  CHECK(refuses({"data.size=48"}, "multiple of 32"));
  CHECK(refuses({"data.levels=5:2"}, "LOW below HIGH"));
  CHECK(refuses({"data.levels=all"}, "data.levels"));
  CHECK(refuses({"repair.side_min=0.5"}, "repair.side_max"));
  CHECK(refuses({"augment.shift=32"}, "augment.shift"));
  CHECK(refuses({"model.kind=unet", "detect.residual=discriminator"}, "discriminator"));
  CHECK(refuses({"loss.game=hinge", "loss.turns=simultaneous"}, "margin"));
  CHECK(
      refuses({"loss.game=adae", "loss.balance=1e-9", "loss.turns=simultaneous"}, "loss.balance"));
  CHECK(refuses({"detect.residual=both", "detect.standardise=false"}, "detect.standardise"));
  CHECK(!refuses({"detect.residual=both", "detect.standardise=true"}, ""));
}

TEST_CASE("a recipe by file name") {
  const auto file =
      std::filesystem::temp_directory_path() / text("recipe_test_", getpid(), ".toml");
  std::ofstream(file) << "[train]\nsteps = 9\n";
  CHECK(load_recipe(file.string()).train.steps == 9);
  std::ofstream(file) << "[train]\nsteps = true\n";
  CHECK(error_of([&] {
          load_recipe(file.string());
        }).first.starts_with(file.string() + ":2: train.steps"));
  std::filesystem::remove(file);
  CHECK(error_of([&] { load_recipe(file.string()); }).second == 2);
  CHECK(error_of([&] { load_recipe("papr"); }).first.find("default paper tiny") !=
        std::string::npos);
}

TEST_CASE("the nearest name") {
  CHECK(edit_distance("kitten", "sitting") == 3);
  CHECK(edit_distance("", "abc") == 3);
  CHECK(nearest("tain", {"eval", "train", "detect"}) == "train");
  CHECK(nearest("x", {}) == "");
}
