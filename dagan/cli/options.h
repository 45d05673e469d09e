// The one table of commands and options: parser, --help and man page all follow from its rows.
#pragma once
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dagan {

class Arguments;

struct Command {
  const char* name;
  const char* summary;                // one line, for the list of commands
  const char* details;                // a paragraph, for its help and the man page
  int (*run)(const Arguments&);       // returns the exit code, throws Error
  std::vector<const char*> examples;  // without the program's name
};

enum class Kind { flag, text, count, number };
enum class Times { optional, required, repeated, required_repeated };

struct Option {
  const char* command;   // "": every command
  const char* name;      // "--out", "-o,--output"; without a dash: by its place on the command line
  const char* argument;  // how help shows its value; "": a flag
  Kind kind;
  Times times;
  std::string fallback;  // value when it is not given
  const char* group;     // heading in the help
  const char* help;      // "": that of the recipe key
  const char* key = "";  // recipe key that it sets
  std::vector<std::string> choices = {};
};

std::span<const Command> commands();
std::vector<const Option*> options_of(std::string_view command);  // its own, then the general ones

// What an option is called by code: the last of its names, "--output".
std::string long_name(const Option&);
std::string help_of(const Option&);

struct ExitCode {
  int code;
  const char* meaning;
};
std::span<const ExitCode> exit_codes();

// The values given on a command line. Names are those of the table; any other is a bug.
class Arguments {
 public:
  explicit Arguments(const Command& command) : command_(&command) {}

  const Command& command() const { return *command_; }
  bool has(std::string_view name) const { return !list(name).empty(); }
  std::string text(std::string_view name) const;  // the fallback when it is not given
  std::int64_t count(std::string_view name) const;
  double number(std::string_view name) const;
  const std::vector<std::string>& list(std::string_view name) const;

  void add(const Option& option, std::vector<std::string> values);  // checks kind and choices

 private:
  const Option& option(std::string_view name) const;

  const Command* command_;
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
};

// What a command line asks for.
struct Request {
  enum class Kind { run, help, version } kind;
  const Command* command;  // null: help for the program as a whole
  Arguments arguments;
};

// `words` are the arguments without the program's name. Throws Fault::usage with the nearest known
// name for an unknown command or option.
Request parse_command_line(const std::vector<std::string>& words);

}  // namespace dagan
