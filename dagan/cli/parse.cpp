#include <CLI/CLI.hpp>
#include <algorithm>

#include "core/check.h"
#include "dagan/cli/options.h"
#include "dagan/recipe/nearest.h"

namespace dagan {
namespace {

bool is_option(const std::string& word) { return word.size() > 1 && word[0] == '-'; }

bool is_positional(const Option& option) { return option.name[0] != '-'; }

// Splits "-q,--quiet" into its names.
std::vector<std::string> names_of(const Option& option) {
  std::vector<std::string> names;
  std::istringstream list(option.name);
  for (std::string name; std::getline(list, name, ',');) names.push_back(name);
  return names;
}

[[noreturn]] void unknown_option(const std::string& word, const std::vector<const Option*>& known) {
  const std::string name = word.substr(0, word.find('='));
  std::vector<std::string> names;
  for (const Option* option : known) {
    if (is_positional(*option)) continue;
    for (const std::string& each : names_of(*option)) names.push_back(each);
  }
  fail(Fault::usage, "unknown option ", name, "; did you mean ", nearest(name, names), "?");
}

const Command& find_command(const std::string& word) {
  std::vector<std::string> names;
  for (const Command& command : commands()) {
    if (word == command.name) return command;
    names.push_back(command.name);
  }
  fail(Fault::usage, "unknown command ", word, "; did you mean ", nearest(word, names), "?");
}

// The place of the command: the first word that is neither a general option nor its value.
std::size_t command_index(const std::vector<std::string>& words) {
  std::size_t i = 0;
  while (i < words.size() && is_option(words[i]) && words[i] != "--") {
    for (const Option* option : options_of("")) {
      const auto names = names_of(*option);
      const bool named = std::find(names.begin(), names.end(), words[i]) != names.end();
      if (named && option->kind != Kind::flag) ++i;
    }
    ++i;
  }
  return std::min(i, words.size());
}

// Gives words to the options without a dash, in the order of the table; the last takes the rest.
void place(const std::vector<std::string>& words, const std::vector<const Option*>& options,
           Arguments& arguments) {
  auto word = words.begin();
  for (const Option* option : options) {
    if (!is_positional(*option)) continue;
    const bool all = option->times == Times::required_repeated;
    const auto end = all ? words.end() : std::min(word + 1, words.end());
    check(Fault::usage, word != end, arguments.command().name, " needs ", option->argument, ": ",
          option->help);
    arguments.add(*option, {word, end});
    word = end;
  }
  check(Fault::usage, word == words.end(), "unexpected argument ",
        word == words.end() ? "" : *word);
}

}  // namespace

Request parse_command_line(const std::vector<std::string>& words) {
  using What = Request::Kind;
  const std::size_t place_of_command = command_index(words);
  const bool has_command = place_of_command < words.size();
  const Command* command = has_command ? &find_command(words[place_of_command]) : nullptr;
  const auto options = options_of(has_command ? command->name : "");
  Arguments arguments(has_command ? *command : commands().front());

  const auto dashes = std::find(words.begin(), words.end(), "--");
  std::vector<std::string> reversed(words.begin(), dashes);  // as CLI11 wants them
  if (has_command) reversed.erase(reversed.begin() + std::ptrdiff_t(place_of_command));
  std::reverse(reversed.begin(), reversed.end());

  CLI::App app;
  app.set_help_flag("-h,--help");
  app.set_version_flag("--version", "");
  app.allow_extras();
  std::map<const Option*, CLI::Option*> parsed;
  for (const Option* option : options) {
    const std::string name = long_name(*option);
    if (is_positional(*option) || name == "--help" || name == "--version") continue;
    parsed[option] = option->kind == Kind::flag
                         ? app.add_flag(option->name)
                         : app.add_option(option->name)->expected(1)->allow_extra_args(false);
    if (option->times == Times::repeated) parsed[option]->take_all();
    parsed[option]->type_name(option->argument);
  }
  try {
    app.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    return {What::help, command, arguments};
  } catch (const CLI::CallForVersion&) {
    return {What::version, command, arguments};
  } catch (const CLI::ParseError& error) {
    fail(Fault::usage, error.what());
  }
  std::vector<std::string> placed = app.remaining();
  for (const std::string& word : placed) {
    if (is_option(word)) unknown_option(word, options);
  }
  if (!has_command) return {What::help, nullptr, arguments};
  if (dashes != words.end()) placed.insert(placed.end(), dashes + 1, words.end());
  for (const auto& [option, result] : parsed) arguments.add(*option, result->results());
  place(placed, options, arguments);
  for (const Option* option : options) {
    check(Fault::usage, option->times != Times::required || arguments.has(long_name(*option)),
          command->name, " needs ", option->name, " ", option->argument, ": ", option->help);
  }
  return {What::run, command, arguments};
}

}  // namespace dagan
