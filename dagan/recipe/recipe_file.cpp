// Recipes as text: TOML in and out, and `--set`.
#include <toml++/toml.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "dagan/recipe/nearest.h"
#include "dagan/recipe/recipe_table.h"

namespace dagan {
namespace {

using Scalar = std::variant<std::monostate, bool, std::int64_t, double, std::string>;

const char* type_name(const Scalar& value) {
  constexpr const char* kNames[] = {"not a single value", "true or false", "a whole number",
                                    "a number", "a string"};
  return kNames[value.index()];
}

// Names without a section are compared to the last part of a key, so that `steps` finds
// train.steps.
std::string nearest_key(const std::string& name) {
  const auto last_part = [](const std::string& key) { return key.substr(key.rfind('.') + 1); };
  std::vector<std::string> names;
  for (const RecipeKey& key : recipe_keys()) {
    names.push_back(name.find('.') == std::string::npos ? last_part(key.name) : key.name);
  }
  const std::string found = nearest(name, names);
  const auto index = std::find(names.begin(), names.end(), found) - names.begin();
  return recipe_keys()[std::size_t(index)].name;
}

const RecipeKey& find_key(const std::string& name, const std::string& where, Fault fault) {
  for (const RecipeKey& key : recipe_keys()) {
    if (name == key.name) return key;
  }
  fail(fault, where, "unknown key ", name, "; did you mean ", nearest_key(name), "?");
}

// Puts a value into the recipe, or returns false if the key does not accept it.
bool assign(const RecipeKey& key, Recipe& recipe, const Scalar& given) {
  const auto in_range = [&](double x) {
    return x >= key.accepts.low && x <= key.accepts.high;  // false for NaN
  };
  const RecipeValue value = key.value(recipe);
  if (const auto* flag = std::get_if<bool*>(&value)) {
    if (!std::holds_alternative<bool>(given)) return false;
    **flag = std::get<bool>(given);
  } else if (const auto* count = std::get_if<std::int64_t*>(&value)) {
    const auto* whole = std::get_if<std::int64_t>(&given);
    if (!whole || !in_range(double(*whole))) return false;
    **count = *whole;
  } else if (const auto* number = std::get_if<double*>(&value)) {
    const auto* whole = std::get_if<std::int64_t>(&given);
    const auto* real = std::get_if<double>(&given);
    const double x = whole ? double(*whole) : real ? *real : std::nan("");
    if (!in_range(x)) return false;
    **number = x;
  } else {
    const auto* words = std::get_if<std::string>(&given);
    const auto& choices = key.accepts.choices;
    if (!words) return false;
    if (!choices.empty() && std::find(choices.begin(), choices.end(), *words) == choices.end()) {
      return false;
    }
    **std::get_if<std::string*>(&value) = *words;
  }
  return true;
}

template <class Number>
bool read_number(std::string_view text, Number& number) {
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, number);
  return result.ec == std::errc() && result.ptr == end;
}

// Text from the command line as the type that the key has; what cannot be read stays a string.
Scalar scalar_for(const RecipeKey& key, const std::string& text) {
  Recipe recipe;
  const RecipeValue value = key.value(recipe);
  std::int64_t whole = 0;
  double number = 0;
  if (std::holds_alternative<bool*>(value) && (text == "true" || text == "false"))
    return text == "true";
  if (std::holds_alternative<std::int64_t*>(value) && read_number(text, whole)) return whole;
  if (std::holds_alternative<double*>(value)) {
    const bool percent = text.ends_with('%');
    if (read_number(std::string_view(text).substr(0, text.size() - percent), number)) {
      return percent ? number / 100 : number;
    }
  }
  const bool quoted = text.size() > 1 && text.front() == '"' && text.back() == '"';
  return quoted ? text.substr(1, text.size() - 2) : text;
}

Scalar scalar_of(const toml::node& node) {
  if (const auto* flag = node.as_boolean()) return flag->get();
  if (const auto* whole = node.as_integer()) return whole->get();
  if (const auto* number = node.as_floating_point()) return number->get();
  if (const auto* words = node.as_string()) return words->get();
  return {};
}

void read_table(const toml::table& table, const std::string& prefix, const std::string& source,
                Fault fault, Recipe& recipe) {
  for (const auto& [name, node] : table) {
    const std::string full = prefix + std::string(name.str());
    const std::string where = text(source, ":", node.source().begin.line, ": ");
    if (const toml::table* inner = node.as_table()) {
      read_table(*inner, full + ".", source, fault, recipe);
      continue;
    }
    const RecipeKey& key = find_key(full, where, fault);
    const Scalar value = scalar_of(node);
    std::ostringstream written;
    node.visit([&](const auto& plain) { written << plain; });
    check(fault, assign(key, recipe, value), where, key.name, " is ", type_name(value), " (",
          written.str(), "), expected ", accepted(key));
  }
}

}  // namespace

Recipe parse_recipe(std::string_view toml, const std::string& source, Fault fault) {
  Recipe recipe;
  try {
    read_table(toml::parse(toml, source), "", source, fault, recipe);
  } catch (const toml::parse_error& error) {
    fail(fault, source, ":", error.source().begin.line, ": ", error.description());
  }
  return recipe;
}

Recipe load_recipe(const std::string& name_or_file) {
  if (const char* built_in = built_in_recipe(name_or_file))
    return parse_recipe(built_in, name_or_file);
  std::ifstream file(name_or_file, std::ios::binary);
  if (!file || std::filesystem::is_directory(name_or_file)) {
    std::string known;
    for (const std::string& name : built_in_recipes()) known += " " + name;
    fail(Fault::usage, "no recipe file ", name_or_file,
         " and no built-in recipe of that name (there are:", known, ")");
  }
  constexpr std::size_t kLimit = 1 << 20;  // bytes: what is not a recipe may have no end
  std::string content(kLimit + 1, '\0');
  file.read(content.data(), std::streamsize(content.size()));
  content.resize(std::size_t(file.gcount()));
  check(Fault::usage, content.size() <= kLimit, name_or_file,
        ": has more than 1 MiB, so it is no recipe; name a TOML file");
  return parse_recipe(content, name_or_file);
}

void set_recipe(Recipe& recipe, const std::string& assignment) {
  const std::size_t equals = assignment.find('=');
  check(Fault::usage, equals != std::string::npos, "--set ", assignment, ": expected KEY=VALUE");
  const std::string key = assignment.substr(0, equals);
  set_recipe(recipe, key, assignment.substr(equals + 1), "--set " + key);
}

void set_recipe(Recipe& recipe, const std::string& name, const std::string& value,
                const std::string& option) {
  const std::string where = option + ": ";
  const RecipeKey& key = find_key(name, where, Fault::usage);
  check(Fault::usage, assign(key, recipe, scalar_for(key, value)), option, " ", value,
        ": expected ", accepted(key));
}

std::string write_recipe(const Recipe& recipe) {
  std::ostringstream out;
  std::string section;
  for (const RecipeKey& key : recipe_keys()) {
    const std::string name = key.name;
    const std::size_t dot = name.find('.');
    if (name.substr(0, dot) != section) {
      out << (section.empty() ? "[" : "\n[") << (section = name.substr(0, dot)) << "]\n";
    }
    const std::string line = name.substr(dot + 1) + " = " + value_text(key, recipe);
    out << line << std::string(line.size() < 28 ? 28 - line.size() : 1, ' ') << "# ";
    out << key.help << (*key.accepts.unit ? text(" (", key.accepts.unit, ")") : "") << "\n";
  }
  return std::move(out).str();
}

}  // namespace dagan
