// The command line, inside this process: the table of options against parser, help and manual page.
#include <doctest/doctest.h>

#include <iostream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "core/check.h"
#include "dagan/cli/help.h"
#include "dagan/cli/options.h"
#include "dagan/cli/program.h"
#include "dagan/recipe/recipe_table.h"
#include "kernels/backend.h"
#include "tests/data_files.h"

using namespace dagan;
using testing::contains;
using testing::error_of;

namespace {

using Words = std::vector<std::string>;

struct Outcome {
  int code;
  std::string out, err;
};

Outcome run(Words words) {
  words.insert(words.begin(), "dagan");
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  std::ostringstream out, err;
  std::streambuf* const before_out = std::cout.rdbuf(out.rdbuf());
  std::streambuf* const before_err = std::cerr.rdbuf(err.rdbuf());
  const int code = run_program(int(pointers.size()), pointers.data());
  std::cout.rdbuf(before_out);
  std::cerr.rdbuf(before_err);
  return {code, out.str(), err.str()};
}

// What the user reads when the command line is wrong.
std::string refusal(const Words& words) {
  const Outcome outcome = run(words);
  CHECK(outcome.code == 2);
  CHECK(outcome.out.empty());
  CHECK(std::count(outcome.err.begin(), outcome.err.end(), '\n') == 1);
  return outcome.err;
}

// A value that the option accepts.
std::string sample_value(const Option& option) {
  if (!option.choices.empty()) return option.choices.front();
  return option.kind == Kind::text ? "word" : "7";
}

// The shortest command line that a command accepts.
Words minimal(const Command& command) {
  Words words = {command.name};
  for (const Option* option : options_of(command.name)) {
    if (option->times != Times::required && option->times != Times::required_repeated) continue;
    if (option->name[0] == '-') words.push_back(long_name(*option));
    words.push_back(sample_value(*option));
  }
  return words;
}

}  // namespace

TEST_CASE("parser, help and manual page know every option of the table") {
  const std::string manual = man_page();
  std::set<std::string> commands_seen;
  for (const Command& command : commands()) {
    INFO(std::string(command.name));
    CHECK(commands_seen.insert(command.name).second);
    const std::string help = help_text(&command);
    CHECK(contains(help_text(nullptr), command.summary));
    CHECK(contains(manual, text(".SS ", command.name, "\n")));
    CHECK(bool(command.run));
    CHECK(!command.examples.empty());
    std::set<std::string> names;
    for (const Option* option : options_of(command.name)) {
      const std::string name = long_name(*option);
      INFO(name);
      CHECK(names.insert(name).second);
      const bool positional = name[0] != '-';
      CHECK(contains(help, positional ? option->argument : name));
      CHECK(contains(help, option->argument));
      CHECK(!help_of(*option).empty());
      std::string escaped = name;
      for (std::size_t at = 0; (at = escaped.find('-', at)) != std::string::npos; at += 2) {
        escaped.replace(at, 1, "\\-");
      }
      CHECK(contains(manual, positional ? option->argument : escaped));
      if (positional || name == "--help" || name == "--version") continue;

      Words words = minimal(command);
      words.push_back(name);
      if (option->kind != Kind::flag) words.push_back(sample_value(*option));
      if (option->times == Times::required) words = minimal(command);
      const Request request = parse_command_line(words);
      CHECK(request.kind == Request::Kind::run);
      CHECK(request.arguments.has(name));
      if (option->kind != Kind::flag) CHECK(request.arguments.text(name) == sample_value(*option));
    }
  }
}

TEST_CASE(
    "every option that sets a recipe key names one that exists, and help and manual list all "
    "keys") {
  std::set<std::string> keys;
  const std::string help = help_text(&commands().front());
  for (const RecipeKey& key : recipe_keys()) {
    keys.insert(key.name);
    CHECK(contains(help, key.name));
    CHECK(contains(man_page(), text(".B ", key.name, "\n")));
  }
  for (const Option* option : options_of("train")) {
    if (*option->key) CHECK(keys.contains(option->key));
  }
}

TEST_CASE("help lines fit a terminal and the manual page is well formed") {
  for (const Command& command : commands()) {
    std::istringstream help(help_text(&command));
    for (std::string line; std::getline(help, line);) {
      INFO(line);
      CHECK((line.size() <= 80 || contains(line, "Usage:")));
    }
  }
  std::istringstream manual(man_page());
  const std::set<std::string> known = {".TH", ".SH", ".SS", ".TP", ".B",
                                       ".br", ".PP", ".nf", ".fi"};
  for (std::string line; std::getline(manual, line);) {
    INFO(line);
    CHECK(!line.empty());
    if (line[0] == '.') CHECK(known.contains(line.substr(0, line.find(' '))));
    CHECK(line[0] != '\'');
  }
}

TEST_CASE("help and version") {
  CHECK(run({"--help"}).code == 0);
  CHECK(run({"--help"}).err.empty());
  CHECK(run({"-h"}).out == run({"--help"}).out);
  CHECK(run({"train", "--help"}).out == help_text(&commands().front()));
  CHECK(run({"train", "--data", "x", "-h"}).code == 0);
  CHECK(run({"--version"}).out == version_text() + "\n");
  const Outcome nothing = run({});
  CHECK(nothing.code == 2);
  CHECK(nothing.out.empty());
  CHECK(nothing.err == help_text(nullptr));
}

TEST_CASE("a wrong command line is refused with the nearest name") {
  CHECK(refusal({"tain"}) == "dagan: unknown command tain; did you mean train?\n");
  CHECK(refusal({"train", "--dta", "x"}) == "dagan: unknown option --dta; did you mean --data?\n");
  CHECK(refusal({"train", "--stesp=3"}) ==
        "dagan: unknown option --stesp; did you mean --steps?\n");
  CHECK(contains(refusal({"-x", "doctor"}), "unknown option -x"));
  CHECK(contains(refusal({"train", "--data", "x"}), "train needs --out RUN"));
  CHECK(contains(refusal({"train", "--out", "x"}), "train needs --data DIR"));
  CHECK(contains(refusal({"train", "--out"}), "--out"));
  CHECK(contains(refusal({"train", "--data", "", "--out", "y"}), "--data is empty"));
  CHECK(contains(refusal({"train", "--data", "x", "--out", "y", "z"}), "unexpected argument z"));
  CHECK(contains(refusal({"train", "--data", "x", "--out", "y", "--steps", "1", "--steps", "2"}),
                 "--steps"));
  CHECK(contains(refusal({"train", "--data", "x", "--out", "y", "--steps", "1.5"}),
                 "--steps 1.5: expected a whole number"));
  CHECK(contains(refusal({"train", "--data", "x", "--out", "y", "--set", "stesp=1"}),
                 "did you mean train.steps?"));
  CHECK(contains(refusal({"train", "--data", "x", "--out", "y", "--recipe", "nope"}), "paper"));
  CHECK(contains(refusal({"train", "--resume", "--out", "y", "--seed", "1"}),
                 "--seed cannot go with"));
  CHECK(contains(refusal({"eval"}), "eval needs RUN|MODEL"));
  CHECK(contains(refusal({"eval", "m", "--format", "xml"}), "expected one of table, json"));
  CHECK(contains(refusal({"eval", "m", "--require", "auroc>0.9"}), "NAME>=NUMBER"));
  CHECK(contains(refusal({"eval", "m", "--require", "image_aurok>=0.9"}),
                 "did you mean image_auroc?"));
  CHECK(contains(refusal({"detect", "m"}), "detect needs INPUT"));
  CHECK(contains(refusal({"detect", "m", "i", "--threshold", "high"}), "expected a number"));
  CHECK(contains(refusal({"doctor", "--threads", "-1"}), "expected a whole number"));
  CHECK(contains(refusal({"doctor", "--threads", "5000"}), "at most 1024"));
  CHECK(contains(refusal({"synth", "--out", "x", "--kind", "wool"}), "expected one of"));
}

TEST_CASE("a device that this build lacks has its own code") {
  if (has_cuda()) {
    MESSAGE("skipped: there is a GPU");
    return;
  }
  const Outcome outcome = run({"doctor", "--device", "cuda"});
  CHECK(outcome.code == 5);
  CHECK(outcome.err.starts_with("dagan: --device cuda: "));
  CHECK(outcome.err.ends_with("; --device emulated runs the same kernels on the CPU\n"));
  CHECK(run({"--device", "cpu", "doctor"}).code == 0);
}

TEST_CASE("where words may stand") {
  const auto request = parse_command_line({"--threads", "2", "detect", "-q", "m", "[a]", "-",
                                           "--format", "csv", "--", "-odd.png", "--"});
  CHECK(std::string(request.command->name) == "detect");
  CHECK(request.arguments.count("--threads") == 2);
  CHECK(request.arguments.has("--quiet"));
  CHECK(request.arguments.text("model") == "m");
  CHECK(request.arguments.list("input") == Words{"[a]", "-", "-odd.png", "--"});
  CHECK(request.arguments.text("--format") == "csv");
  CHECK(request.arguments.text("--fail-on") == "never");
  CHECK(parse_command_line({"eval", "train"}).arguments.text("model") == "train");
  const auto repeated =
      parse_command_line({"train", "--data", "d", "--out", "o", "--set", "a=1", "--set", "b=2"});
  CHECK(repeated.arguments.list("--set") == Words{"a=1", "b=2"});
  CHECK(error_of([&] { repeated.arguments.text("--nothing"); }).second == 1);
}

TEST_CASE("doctor and man") {
  const auto facts = nlohmann::json::parse(run({"doctor", "--format", "json"}).out);
  CHECK(facts.at("version") == version_text());
  CHECK(facts.at("threads").get<int>() >= 1);
  CHECK(contains(facts.at("instruction_sets").at("compiled").dump(),
                 facts.at("instruction_sets").at("used").get<std::string>()));
  CHECK(contains(run({"doctor"}).out, "instruction_sets.used"));
  CHECK(run({"man"}).out == man_page());
}
