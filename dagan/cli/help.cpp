#include "dagan/cli/help.h"

#include <sstream>

#include "dagan/recipe/recipe_table.h"

namespace dagan {
namespace {

constexpr std::size_t kWidth = 80, kIndent = 28;
constexpr const char* kTagline = "finds defects, trained on pictures of good parts only";

std::string wrapped(const std::string& words, std::size_t indent, std::size_t column = 0) {
  std::istringstream in(words);
  std::string out;
  std::size_t at = column;
  for (std::string word; in >> word;) {
    if (at > indent && at + 1 + word.size() > kWidth) {
      out.append("\n").append(indent, ' ');
      at = indent;
    } else if (at > indent) {
      out += ' ';
      ++at;
    }
    out += word;
    at += word.size();
  }
  return out + "\n";
}

// "  left    right, wrapped in its column"
std::string row(const std::string& left, const std::string& right) {
  const std::string start = "  " + left;
  const bool fits = start.size() + 2 <= kIndent;
  return start +
         (fits ? std::string(kIndent - start.size(), ' ') : "\n" + std::string(kIndent, ' ')) +
         wrapped(right, kIndent, kIndent);
}

std::string signature(const Option& option) {
  if (option.name[0] != '-') return option.argument;
  std::string names = option.name;
  if (const auto comma = names.find(','); comma != std::string::npos)
    names.insert(comma + 1, 1, ' ');
  return *option.argument ? text(names, " ", option.argument) : names;
}

std::string usage(const Command& command) {
  std::string line = text("dagan ", command.name);
  for (const Option* option : options_of(command.name)) {
    if (option->times == Times::required) line += text(" ", signature(*option));
    if (option->times == Times::required_repeated) line += text(" ", signature(*option), "...");
  }
  return line + " [OPTION...]";
}

std::string recipe_key_help(const RecipeKey& key) {
  const std::string unit = key.accepts.unit;
  return text(key.help, unit.empty() ? "" : " (" + unit + ")", "; ", accepted(key), " [",
              value_text(key, Recipe{}), "]");
}

std::string program_help() {
  std::string out = version_text() + " " + kTagline + "\n\nUsage: dagan COMMAND [OPTION...]\n\n";
  out += "First run, without data of your own:\n";
  for (const char* line : {"synth --out demo", "train --data demo --out run", "eval run",
                           "detect run demo/test --overlay pictures"}) {
    out += text("  dagan ", line, "\n");
  }
  out += "\nCommands:\n";
  for (const Command& command : commands()) out += row(command.name, command.summary);
  out += "\nGeneral:\n";
  for (const Option* option : options_of("")) out += row(signature(*option), help_of(*option));
  out += "\nExit codes:\n";
  for (const ExitCode& exit : exit_codes()) out += row(std::to_string(exit.code), exit.meaning);
  return out + "\n`dagan COMMAND --help` explains a command, `dagan man` everything.\n";
}

std::string command_help(const Command& command) {
  std::string out = "Usage: " + usage(command) + "\n\n" + wrapped(command.details, 0);
  std::string group;
  for (const Option* option : options_of(command.name)) {
    if (group != option->group) out += text("\n", group = option->group, ":\n");
    out += row(signature(*option), help_of(*option));
  }
  if (std::string(command.name) == "train") {
    out += "\nRecipe keys, for --set and recipe files:\n";
    for (const RecipeKey& key : recipe_keys()) out += row(key.name, recipe_key_help(key));
  }
  out += "\nExamples:\n";
  for (const char* example : command.examples) out += text("  dagan ", example, "\n");
  return out;
}

// Letters that roff would take for its own.
std::string roff(const std::string& plain) {
  std::string out;
  for (const char letter : plain) {
    if (letter == '\\') {
      out += "\\e";
    } else if (letter == '-') {
      out += "\\-";
    } else {
      out +=
          (out.empty() && (letter == '.' || letter == '\'')) ? text("\\&", letter) : text(letter);
    }
  }
  return out;
}

std::string roff_row(const std::string& left, const std::string& right) {
  return ".TP\n.B " + roff(left) + "\n" + roff(right) + "\n";
}

}  // namespace

std::string version_text() { return "dagan " DAGAN_VERSION; }

std::string help_text(const Command* command) {
  return command ? command_help(*command) : program_help();
}

std::string man_page() {
  std::string out = text(".TH DAGAN 1 \"\" \"", version_text(), "\"\n.SH NAME\ndagan \\- ",
                         kTagline, "\n.SH SYNOPSIS\n");
  for (const Command& command : commands()) out += ".B " + roff(usage(command)) + "\n.br\n";
  out += ".SH COMMANDS\n";
  for (const Command& command : commands()) {
    out += text(".SS ", command.name, "\n", roff(command.details), "\n");
    for (const Option* option : options_of(command.name)) {
      if (*option->command) out += roff_row(signature(*option), help_of(*option));
    }
    out += ".PP\nExamples:\n.nf\n";
    for (const char* example : command.examples) out += roff(text("    dagan ", example)) + "\n";
    out += ".fi\n";
  }
  out += ".SH GENERAL OPTIONS\n";
  for (const Option* option : options_of("")) out += roff_row(signature(*option), help_of(*option));
  out +=
      ".SH RECIPE KEYS\nFor \\-\\-set and recipe files in TOML, where the part before the dot is "
      "the "
      "section.\n";
  for (const RecipeKey& key : recipe_keys()) out += roff_row(key.name, recipe_key_help(key));
  out += ".SH EXIT STATUS\n";
  for (const ExitCode& exit : exit_codes())
    out += roff_row(std::to_string(exit.code), exit.meaning);
  return out;
}

}  // namespace dagan
