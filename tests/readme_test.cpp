// What the README says exists, and what it tells people to type works.
#include <doctest/doctest.h>

#include <set>

#include "tests/cli_workshop.h"

using namespace dagan;
using namespace dagan::testing;

namespace {

const fs::path kRoot = DAGAN_SOURCE_DIR;

// Lines that are indented by four spaces, without their remarks.
std::vector<std::string> commands_of(const std::string& text) {
  std::vector<std::string> commands;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with("    ")) continue;
    line = line.substr(4, line.find("  #") == std::string::npos ? line.npos : line.find("  #") - 4);
    while (line.ends_with(' ')) line.pop_back();
    commands.push_back(line);
  }
  return commands;
}

// What stands in backquotes.
std::vector<std::string> quoted_in(const std::string& text) {
  std::vector<std::string> all;
  for (std::size_t from = 0; (from = text.find('`', from)) != std::string::npos;) {
    const std::size_t to = text.find_first_of("`\n", from + 1);
    if (to == std::string::npos) break;
    if (text[to] == '`') all.push_back(text.substr(from + 1, to - from - 1));
    from = to + 1;
  }
  return all;
}

// Of "./dev VERB ...".
bool is_verb_of_dev(const std::string& command) {
  const std::string verb = command.substr(6, command.find(' ', 6) - 6);
  return content(kRoot / "dev").find("\n  " + verb + ") ") != std::string::npos;
}

// The commands of README.md in the workshop's folder, which has a set, a run and parts to judge.
// Training is only tried: it takes minutes.
void works(std::string command) {
  const std::string program = "build/dagan";
  for (std::size_t at = 0; (at = command.find(program, at)) != std::string::npos;) {
    command.replace(at, program.size(), "dagan --threads 1");
  }
  if (command.find("dagan --threads 1 train") == 0 && command.find("--help") == std::string::npos) {
    command += " --dry-run";
  }
  const Outcome outcome = workshop().shell(command);
  CHECK_MESSAGE(outcome.code == 0, command, "\n", outcome.err);
}

}  // namespace

TEST_CASE("the commands of the README work") {
  const Workshop& in = workshop();
  if (!fs::exists(in.folder / "my_parts")) {
    REQUIRE(in.run("synth --quiet --out big_set --size 32").code == 0);  // enough for 5 %
    fs::create_directory_symlink("big_set", in.folder / "my_parts");
    fs::create_directory_symlink("set/test/good", in.folder / "new_parts");
  }
  const std::string readme = content(kRoot / "README.md");
  const std::vector<std::string> commands = commands_of(readme);
  CHECK(!commands.empty());
  for (const std::string& command : commands) {
    if (!command.starts_with("./dev")) {
      CHECK_MESSAGE(command.starts_with("build/dagan "), command);
      works(command);
      continue;
    }
    CHECK_MESSAGE(is_verb_of_dev(command), command);
  }
  for (const std::string& quoted : quoted_in(readme)) {
    if (quoted.starts_with("build/dagan ")) works(quoted);
    if (quoted.starts_with("./dev ")) CHECK_MESSAGE(is_verb_of_dev(quoted), quoted);
  }
}

TEST_CASE("the files that the README and the documents name exist") {
  const std::set<std::string> folders = {"core",  "kernels", "layers",   "optim", "dagan",
                                         "bench", "tests",   "examples", "docs",  "cmake"};
  std::vector<fs::path> documents = {kRoot / "README.md", kRoot / "examples/README.md"};
  for (const auto& entry : fs::directory_iterator(kRoot / "docs")) {
    if (entry.path().extension() == ".md") documents.push_back(entry.path());
  }
  for (const fs::path& document : documents) {
    for (const std::string& quoted : quoted_in(content(document))) {
      const std::string name = quoted.substr(0, quoted.find_first_of(" ,:"));
      const std::size_t slash = name.find('/');
      if (slash == std::string::npos || !folders.contains(name.substr(0, slash))) continue;
      if (name.find_first_of("<*") != std::string::npos) continue;
      CHECK_MESSAGE(fs::exists(kRoot / name), document.filename().string(), " names ", name);
    }
  }
}
