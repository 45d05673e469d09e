// Every example prints what its last comment says that it prints.
#include <doctest/doctest.h>

#include "tests/cli_workshop.h"

using namespace dagan;
using namespace dagan::testing;

namespace {

#if defined(DAGAN_EXAMPLES_DIR)
std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// The lines behind "// It prints:", without their comment marks.
std::vector<std::string> promised(const std::string& source) {
  std::vector<std::string> lines;
  bool begun = false;
  for (const std::string& line : lines_of(source)) {
    if (begun && line.starts_with("//   ")) lines.push_back(line.substr(5));
    begun = begun || line == "// It prints:";
  }
  return lines;
}
#endif

// "..." in the pattern stands for anything.
bool matches(std::string_view line, std::string_view pattern) {
  const std::size_t gap = pattern.find("...");
  if (gap == std::string_view::npos) return line == pattern;
  if (!line.starts_with(pattern.substr(0, gap))) return false;
  const std::string_view rest = pattern.substr(gap + 3);
  for (std::size_t at = gap; at <= line.size(); ++at) {
    if (matches(line.substr(at), rest)) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("a promised line may leave parts open, and no others") {
  CHECK(matches("loss 0.5743", "loss 0.5743"));
  CHECK(matches("D 0.1, G 2", "D ..., G ..."));
  CHECK(!matches("loss 0.5743", "loss 0.57"));
  CHECK(!matches("D 0.1, H 2", "D ..., G ..."));
  CHECK(!matches("D", "D ..."));
}

#if !defined(DAGAN_EXAMPLES_DIR)
TEST_CASE("every example prints what it promises") { MESSAGE("skipped: built without examples"); }
#else
TEST_CASE("every example prints what it promises") {
  int count = 0;
  for (const auto& entry : fs::directory_iterator(DAGAN_SOURCE_DIR "/examples")) {
    if (entry.path().extension() != ".cpp") continue;
    ++count;
#if !defined(DAGAN_HAS_CHECKED)
    if (entry.path().stem() == "10_race") continue;  // a sanitizer takes the hooks that it needs
#endif
    const std::string name = entry.path().stem().string();
    const TemporaryFolder folder;
    const std::string out = (folder / "out.txt").string();
    const std::string command = "TMPDIR='" + folder.path().string() + "' '" DAGAN_EXAMPLES_DIR "/" +
                                name + "' > '" + out + "' 2>&1";
    CHECK_MESSAGE(std::system(command.c_str()) == 0, name);
    const std::vector<std::string> printed = lines_of(content(out));
    const std::vector<std::string> wanted = promised(content(entry.path()));
    CHECK_MESSAGE(!wanted.empty(), name, " ends without the lines that it prints");
    std::size_t next = 0;
    for (const std::string& pattern : wanted) {
      while (next < printed.size() && !matches(printed[next], pattern)) ++next;
      CHECK_MESSAGE(next < printed.size(), name, " does not print: ", pattern);
    }
  }
  CHECK(count == 10);
}
#endif
