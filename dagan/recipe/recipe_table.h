// The one table of recipe keys: reading, writing, `--set`, help and man page all follow from its
// rows.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/check.h"
#include "dagan/recipe/recipe.h"

namespace dagan {

using RecipeValue = std::variant<bool*, std::int64_t*, double*, std::string*>;

// What a key accepts besides its type: numbers a range, both ends included; strings one of the
// choices.
struct Accepts {
  double low = 0, high = 0;
  const char* unit = "";
  std::vector<std::string> choices = {};
};

struct RecipeKey {
  const char* name;               // section.key, as in a recipe file
  RecipeValue (*value)(Recipe&);  // the member that it stands for
  Accepts accepts;
  const char* help;
};

std::span<const RecipeKey> recipe_keys();

// "a whole number from 1 to 1024", "one of "cosine", "constant"".
std::string accepted(const RecipeKey&);

// The key's value as it is written in a recipe file: 0.001, true, "cosine".
std::string value_text(const RecipeKey&, const Recipe&);

// Names of the recipes built into the program, and the text of one (null: there is none).
std::vector<std::string> built_in_recipes();
const char* built_in_recipe(std::string_view name);

// Keys that the text does not name keep their value of `Recipe{}`. Throws `fault` with
// "source:line: ..." on a syntax error, an unknown key, a wrong type, or a value out of range.
Recipe parse_recipe(std::string_view toml, const std::string& source, Fault fault = Fault::usage);

// A built-in recipe by name, else a file.
Recipe load_recipe(const std::string& name_or_file);

// "train.steps=500". Numbers may end in %. The second form names the option that gave the value.
void set_recipe(Recipe&, const std::string& assignment);
void set_recipe(Recipe&, const std::string& key, const std::string& value,
                const std::string& option);

// Rules that join several keys, such as a size that the levels can halve. Throws Fault::usage.
void check_recipe(const Recipe&);

// Every key with its value, as a recipe file with the help texts as comments.
std::string write_recipe(const Recipe&);

}  // namespace dagan
