// The program as other people's scripts see it, on a small set and a model that it made itself.
#pragma once
#include <doctest/doctest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "tests/data_files.h"

namespace dagan::testing {

namespace fs = std::filesystem;

inline std::string content(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

struct Outcome {
  int code;
  std::string out, err;
};

// A folder with a small set and a model trained on it, made once by the program itself.
class Workshop {
 public:
  Workshop() {
    const Outcome set = run("synth --out set --size 32 --train 72 --good 8 --defects 4");
    REQUIRE_MESSAGE(set.code == 0, set.err);
    REQUIRE(set.out == "set\n");
    const Outcome training = run("train --data set --out run --recipe tiny --steps 30");
    REQUIRE_MESSAGE(training.code == 0, training.err);
    REQUIRE(training.out == "run/model.dagan\n");
  }

  // Runs a shell command line inside the folder, where `dagan` is the program.
  Outcome shell(const std::string& line) const {
    const fs::path out = folder / "stdout.txt", err = folder / "stderr.txt";
    const std::string command = "cd '" + folder.path().string() +
                                "' && dagan() { '" DAGAN_PROGRAM
                                "' \"$@\"; } && export LC_ALL=C && { " +
                                line + "; } > stdout.txt 2> stderr.txt";
    const int status = std::system(command.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, content(out), content(err)};
  }
  Outcome run(const std::string& words) const { return shell("dagan --threads 1 " + words); }

  TemporaryFolder folder;
};

inline const Workshop& workshop() {
  static const Workshop made;
  return made;
}

// Runs, checks the exit code and that standard error ends with one line that holds `part`.
inline void refused(int code, const std::string& words, const std::string& part) {
  const Outcome outcome = workshop().run(words);
  INFO(words);
  INFO(outcome.err);
  CHECK(outcome.code == code);
  REQUIRE(outcome.err.ends_with('\n'));
  const std::string last = outcome.err.substr(outcome.err.rfind('\n', outcome.err.size() - 2) + 1);
  CHECK(last.starts_with("dagan: "));
  CHECK(last.find(part) != std::string::npos);
}

}  // namespace dagan::testing
