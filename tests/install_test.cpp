// What `cmake --install` leaves behind is enough for somebody else's program, and nothing more is
// needed.
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/cli_workshop.h"

using namespace dagan;
using namespace dagan::testing;

namespace {

constexpr const char* kProject = R"(cmake_minimum_required(VERSION 3.25)
project(consumer LANGUAGES CXX)
find_package(dagan 0.1 REQUIRED)
add_executable(consumer consumer.cpp)
target_link_libraries(consumer PRIVATE dagan::dagan)
)";

constexpr const char* kProgram = R"(
#include <iostream>

int main(int, char** arguments) {
  const dagan::Model model = dagan::load_model(arguments[1]);
  dagan::Detector detector(model);
  const std::vector<float> grey(std::size_t(model.preprocessing.elements()));
  std::cout << "score " << detector(grey)[0].score << ", threshold " << model.threshold << '\n';
}
)";

// Every installed header, in the order of their names, so that each is seen to stand by itself in a
// program that knows no third party's headers.
std::string includes(const fs::path& root) {
  std::vector<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (entry.is_regular_file()) names.push_back(fs::relative(entry.path(), root).string());
  }
  std::sort(names.begin(), names.end());
  CHECK(std::count(names.begin(), names.end(), "core/tape.h") == 1);
  std::string lines;
  for (const std::string& name : names) {
    CHECK_MESSAGE(name.ends_with(".h"), name);
    CHECK_MESSAGE(name.find("-inl") == std::string::npos, name);
    lines += "#include \"" + name + "\"\n";
  }
  return lines;
}

void succeeds(const std::string& line) {
  const Outcome outcome = workshop().shell(line);
  CHECK_MESSAGE(outcome.code == 0, line, "\n", outcome.out, outcome.err);
}

}  // namespace

TEST_CASE("a program of somebody else finds, builds with and runs the installed library") {
  const Workshop& in = workshop();
  succeeds("cmake --install '" DAGAN_BINARY_DIR "' --prefix \"$PWD/prefix\"");
  const fs::path prefix = in.folder / "prefix";
  CHECK(fs::exists(prefix / "lib/cmake/dagan/daganConfigVersion.cmake"));
  CHECK(content(prefix / "share/man/man1/dagan.1").starts_with(".TH"));
  succeeds("prefix/bin/dagan --version");

  in.folder.put("consumer/CMakeLists.txt", std::string_view(kProject));
  in.folder.put("consumer/consumer.cpp", includes(prefix / "include/dagan") + kProgram);
  // What this build found in folders of its own, its library needs too.
  succeeds("CMAKE_PREFIX_PATH='" DAGAN_PREFIX_PATH
           "' cmake -G Ninja -S consumer -B consumer/build -DCMAKE_CXX_FLAGS='" DAGAN_CXX_FLAGS
           "' -DCMAKE_PREFIX_PATH=\"$PWD/prefix\" -DCMAKE_FIND_USE_PACKAGE_REGISTRY=OFF");
  succeeds("cmake --build consumer/build");
  const Outcome run = in.shell("consumer/build/consumer run/model.dagan");
  CHECK(run.code == 0);
  CHECK_CONTAINS(run.out, "score ");
}
