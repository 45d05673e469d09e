#include "dagan/cli/options.h"

#include <algorithm>
#include <charconv>

#include "core/check.h"
#include "dagan/cli/commands.h"
#include "dagan/data/synth.h"
#include "dagan/recipe/recipe_table.h"

namespace dagan {
namespace {

const Command kCommands[] = {
    {"train",
     "learn from a folder of good images",
     "Trains on the good images of DIR and writes checkpoints, logs and pictures to the folder "
     "RUN, and "
     "at the end model.dagan: weights, preprocessing, and a threshold set from good images that "
     "training did not see. Ctrl-C or a closed terminal saves first; --resume goes on from there.",
     run_train,
     {"train --data parts --out run", "train --out run --resume",
      "train --data parts --out run --recipe paper --set train.batch=16"}},
    {"eval",
     "measure on a labelled test set",
     "Measures how well a model separates the good from the defective images of a test set. Every "
     "number that counts errors uses the threshold that the model carries, never one chosen on the "
     "test set.",
     run_eval,
     {"eval run", "eval run --format json", "eval run --data parts --require 'image_auroc>=0.9'"}},
    {"detect",
     "judge images",
     "Judges images. An INPUT is an image, a folder (with everything below it), a pattern in "
     "quotes, or "
     "- for a list of files on standard input. An image that cannot be read is a record with its "
     "error; "
     "the others are still judged, and the exit code is 3.",
     run_detect,
     {"detect run part.png", "detect run/model.dagan parts --format csv -o result.csv",
      "detect run parts --overlay pictures --fail-on ng"}},
    {"synth",
     "make a set of images with defects and masks",
     "Writes images of good and defective parts with masks, to try the program without data of "
     "your own. "
     "The same options give the same bytes.",
     run_synth,
     {"synth --out demo"}},
    {"info",
     "show what a model or a run holds",
     "Shows what a model or a run holds.",
     run_info,
     {"info run", "info run/model.dagan --format json"}},
    {"doctor",
     "show versions, processor and limits; for bug reports",
     "Shows what the program finds on this machine. Paste it into bug reports.",
     run_doctor,
     {"doctor"}},
#if defined(DAGAN_HAS_BENCH)
    {"bench",
     "check and time the kernels",
     "Runs the kernels, or all versions of them, on the shapes of a model: with --verify against "
     "the reference in f64, and in turn against the clock. limit % is the least possible time on "
     "this machine, from measured ceilings of arithmetic and memory, over the time taken; x table "
     "is how many times faster a version is than the one that the backend runs, which is marked "
     "with a *. The emulator's kernels are only checked.",
     run_bench,
     {"bench --op conv2d --impl all --verify", "bench --device emulated --op batch_norm --impl all",
      "bench -o json > before.json", "bench --compare before.json"}},
#endif
    {"man",
     "print the manual page",
     "Prints the manual page in roff.",
     run_man,
     {"man | man -l -"}},
};

constexpr auto kFlag = Kind::flag;
constexpr auto kText = Kind::text;
constexpr auto kCount = Kind::count;
constexpr auto kNumber = Kind::number;
constexpr auto kOptional = Times::optional;
constexpr auto kRequired = Times::required;
constexpr auto kRepeated = Times::repeated;

// A function, because other files' tables must exist before its rows are made.
const std::vector<Option>& all_options() {
  static const SynthOptions synth;
  static const std::vector<Option> options = {
      {"train", "--data", "DIR", kText, kOptional, "", "Data",
       "good images: a plain folder, or one with train/good, test/TYPE and ground_truth/TYPE; "
       "needed unless --resume"},
      {"train", "--out", "RUN", kText, kRequired, "", "Run",
       "folder for everything that the run writes"},
      {"train", "--resume", "", kFlag, kOptional, "", "Run",
       "go on from the last checkpoint in RUN, with its data and recipe"},
      {"train", "--force", "", kFlag, kOptional, "", "Run", "replace a run that RUN already holds"},
      {"train", "--dry-run", "", kFlag, kOptional, "", "Run",
       "print the recipe as it would be used, check the data, try one step, write nothing"},
      {"train", "--recipe", "NAME|FILE", kText, kOptional, "default", "Recipe",
       "a built-in recipe (default, paper, tiny) or a TOML file"},
      {"train", "--set", "KEY=VALUE", kText, kRepeated, "", "Recipe",
       "change one key of the recipe"},
      {"train", "--steps", "N", kText, kOptional, "", "Recipe", "", "train.steps"},
      {"train", "--seed", "N", kText, kOptional, "", "Recipe", "", "train.seed"},
      {"train", "--model", "KIND", kText, kOptional, "", "Recipe", "", "model.kind"},
      {"train", "--max-false-reject", "P", kText, kOptional, "", "Recipe", "",
       "detect.max_false_reject"},
      {"train", "--kernel", "OP=NAME", kText, kRepeated, "", "Run",
       "run an op by another of its versions, as bench --impl all lists them: conv2d=definition; like "
       "--device, it is not kept for --resume"},

      {"train", "--profile", "FILE", kText, kOptional, "", "Run",
       "time every kernel: on standard error a table by op, with the share of what this machine can "
       "do at best; in FILE the first 50000 calls one by one, for ui.perfetto.dev or "
       "chrome://tracing"},

      {"eval", "model", "RUN|MODEL", kText, kRequired, "", "Data",
       "a run's folder or its model.dagan"},
      {"eval", "--data", "DIR", kText, kOptional, "", "Data",
       "labelled images in the layout that train reads; without it, the folder the run was trained "
       "on"},
      {"eval",
       "--format",
       "FORMAT",
       kText,
       kOptional,
       "table",
       "Output",
       "of the result: table or json",
       "",
       {"table", "json"}},
      {"eval", "--out", "DIR", kText, kOptional, "", "Output",
       "write results.csv, metrics.json and pictures of the worst images there"},
      {"eval", "--require", "NAME>=NUMBER", kText, kRepeated, "", "Output",
       "exit with 8 unless a number of the result is at least (>=) or at most (<=) that"},

      {"detect", "model", "RUN|MODEL", kText, kRequired, "", "Data",
       "a run's folder or its model.dagan"},
      {"detect", "input", "INPUT", kText, Times::required_repeated, "", "Data",
       "image, folder, pattern in quotes, or - for a list of files on standard input"},
      {"detect", "--threshold", "X", kNumber, kOptional, "", "Verdict",
       "a score above it is ng; without it, the model's threshold"},
      {"detect",
       "--fail-on",
       "VERDICT",
       kText,
       kOptional,
       "never",
       "Verdict",
       "ng: exit with 8 if an image is ng",
       "",
       {"ng", "never"}},
      {"detect",
       "--format",
       "FORMAT",
       kText,
       kOptional,
       "table",
       "Output",
       "of the result: table, csv or jsonl",
       "",
       {"table", "csv", "jsonl"}},
      {"detect", "-o,--output", "FILE", kText, kOptional, "", "Output",
       "write the result to FILE instead of standard output"},
      {"detect", "--heatmap", "DIR", kText, kOptional, "", "Output",
       "write a heat map of each image there"},
      {"detect", "--overlay", "DIR", kText, kOptional, "", "Output",
       "write each image with its heat map on top there"},

      {"synth", "--out", "DIR", kText, kRequired, "", "Output", "a new folder for the images"},
      {"synth", "--kind", "KIND", kText, kOptional, synth.kind, "Set", "of surface", "",
       synthetic_kinds()},
      {"synth", "--seed", "N", kCount, kOptional, std::to_string(synth.seed), "Set",
       "another set of the same kind"},
      {"synth", "--size", "N", kCount, kOptional, std::to_string(synth.size), "Set",
       "height and width in pixels"},
      {"synth", "--channels", "N", kCount, kOptional, std::to_string(synth.channels), "Set",
       "1: grey, 3: colour"},
      {"synth", "--train", "N", kCount, kOptional, std::to_string(synth.train), "Set",
       "good images to train on"},
      {"synth", "--good", "N", kCount, kOptional, std::to_string(synth.test_good), "Set",
       "good images to test with"},
      {"synth", "--defects", "N", kCount, kOptional, std::to_string(synth.test_defect), "Set",
       "images to test with, of each kind of defect"},

      {"info", "model", "RUN|MODEL", kText, kRequired, "", "Data",
       "a run's folder or its model.dagan"},
      {"info",
       "--format",
       "FORMAT",
       kText,
       kOptional,
       "table",
       "Output",
       "table or json",
       "",
       {"table", "json"}},
#if defined(DAGAN_HAS_BENCH)
      {"bench", "--op", "OP", kText, kRepeated, "", "Kernels",
       "a folder of kernels: conv2d, batch_norm, activation, ...; without it, all"},
      {"bench", "--impl", "NAME", kText, kOptional, "table", "Kernels",
       "a version, all, or table: what the backend runs"},
      {"bench", "--verify", "", kFlag, kOptional, "", "Kernels",
       "compare with the reference; exit with 8 where a result is wrong"},
      {"bench", "--seconds", "S", kNumber, kOptional, "0.05", "Kernels",
       "to time each version of a problem for"},
      {"bench", "--size", "N", kCount, kOptional, "64", "Model", "pixels along an edge"},
      {"bench", "--channels", "N", kCount, kOptional, "3", "Model", "of a picture"},
      {"bench", "--width", "N", kCount, kOptional, "32", "Model", "channels of the first level"},
      {"bench", "--batch", "N", kCount, kOptional, "16", "Model", "pictures"},
      {"bench",
       "-o,--format",
       "FORMAT",
       kText,
       kOptional,
       "table",
       "Output",
       "of the result: table, md, csv or json",
       "",
       {"table", "md", "csv", "json"}},
      {"bench", "--compare", "FILE", kText, kOptional, "", "Output",
       "also print how many times faster it is than in this report of --format json"},

#endif
      {"doctor",
       "--format",
       "FORMAT",
       kText,
       kOptional,
       "table",
       "Output",
       "table or json",
       "",
       {"table", "json"}},

      {"", "--threads", "N", kCount, kOptional, "0", "General",
       "threads to compute with, and to read images with; 0: one for each core; results do not "
       "depend on it"},
      {"",
       "--device",
       "DEVICE",
       kText,
       kOptional,
       "auto",
       "General",
       "auto, cpu, cuda or emulated: auto is cuda where there is a GPU, else cpu; emulated runs "
       "the "
       "GPU's kernels on the CPU, slowly",
       "",
       {"auto", "cpu", "cuda", "emulated"}},
      {"", "-q,--quiet", "", kFlag, kOptional, "", "General",
       "no progress, only warnings and errors"},
      {"", "--version", "", kFlag, kOptional, "", "General", "print the version"},
      {"", "-h,--help", "", kFlag, kOptional, "", "General", "print this help"},
  };
  return options;
}

const ExitCode kExitCodes[] = {
    {0, "done"},
    {1, "a bug in the program"},
    {2, "wrong usage: command, option, recipe key or value"},
    {3, "input data: missing, unreadable, too few, or on both sides of a split"},
    {4, "model file: missing, damaged, or of another version"},
    {5, "device: not there, or out of memory"},
    {6, "output: not writable, disk full, or already there"},
    {7, "training failed its health check; the last good checkpoint is kept"},
    {8, "a gate failed: --require, --fail-on or --verify"},
    {129, "the terminal was closed; training has saved, if it had begun"},
    {130, "interrupted (Ctrl-C); training has saved, if it had begun"},
    {143, "terminated; training has saved, if it had begun"},
};

const RecipeKey* recipe_key(std::string_view name) {
  for (const RecipeKey& key : recipe_keys()) {
    if (name == key.name) return &key;
  }
  return nullptr;
}

}  // namespace

std::span<const Command> commands() { return kCommands; }
std::span<const ExitCode> exit_codes() { return kExitCodes; }

std::vector<const Option*> options_of(std::string_view command) {
  std::vector<const Option*> found;
  for (const Option& option : all_options()) {
    if (option.command == command) found.push_back(&option);
  }
  for (const Option& option : all_options()) {
    if (!*option.command && !command.empty()) found.push_back(&option);
  }
  return found;
}

std::string long_name(const Option& option) {
  const std::string names = option.name;
  return names.substr(names.rfind(',') + 1);
}

std::string help_of(const Option& option) {
  std::string help = option.help;
  if (const RecipeKey* key = recipe_key(option.key)) help = key->help + text(" (", key->name, ")");
  if (!option.fallback.empty()) help += " [" + option.fallback + "]";
  if (option.times == Times::repeated) help += "; may be given several times";
  return help;
}

const Option& Arguments::option(std::string_view name) const {
  for (const Option* option : options_of(command_->name)) {
    if (long_name(*option) == name) return *option;
  }
  fail(Fault::bug, "[cli] ", command_->name, " has no option ", name);
}

const std::vector<std::string>& Arguments::list(std::string_view name) const {
  static const std::vector<std::string> kNone;
  const auto found = values_.find(long_name(option(name)));
  return found == values_.end() ? kNone : found->second;
}

std::string Arguments::text(std::string_view name) const {
  return has(name) ? list(name).front() : option(name).fallback;
}

std::int64_t Arguments::count(std::string_view name) const { return std::int64_t(number(name)); }

double Arguments::number(std::string_view name) const {
  const std::string words = text(name);
  double value = 0;
  std::from_chars(words.data(), words.data() + words.size(), value);
  return value;
}

void Arguments::add(const Option& option, std::vector<std::string> values) {
  const std::string name = long_name(option);
  const auto is_number = [&](const std::string& word, auto value) {
    const char* end = word.data() + word.size();
    const auto result = std::from_chars(word.data(), end, value);
    return result.ec == std::errc() && result.ptr == end && value == value;
  };
  for (const std::string& value : values) {
    const auto expect = [&](bool holds, const auto&... what) {
      dagan::check(Fault::usage, holds, name, " ", value, ": expected ", what...);
    };
    dagan::check(Fault::usage, option.kind == Kind::flag || !value.empty(), name,
                 " is empty: expected ", option.argument);
    if (option.kind == Kind::count) expect(is_number(value, std::uint32_t()), "a whole number");
    if (option.kind == Kind::number) expect(is_number(value, double()), "a number");
    if (!option.choices.empty()) {
      std::string known;
      for (const std::string& choice : option.choices)
        known += (known.empty() ? "" : ", ") + choice;
      const auto& choices = option.choices;
      expect(std::find(choices.begin(), choices.end(), value) != choices.end(), "one of ", known);
    }
  }
  auto& all = values_[name];
  all.insert(all.end(), values.begin(), values.end());
}

}  // namespace dagan
