// The order of the layers, read from the #includes: what may stand on what.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;
using Names = std::set<std::string>;

const std::map<std::string, Names> kMayInclude = {
    {"core", {"core"}},
    {"kernels", {"kernels"}},  // and kOfCore
    {"layers", {"core", "kernels", "layers"}},
    {"optim", {"core", "kernels", "layers", "optim"}},
    {"dagan", {"core", "kernels", "layers", "optim", "dagan"}},
    {"examples", {"core", "kernels", "layers", "optim", "dagan"}},
};
const Names kOfCore = {"core/view.h", "core/check.h",       "core/backend.h", "core/random.h",
                       "core/bf16.h", "core/host_device.h", "core/memory.h"};
// The folders of dagan/: each may include those before it.
const std::vector<std::string> kParts = {"model",  "recipe", "data", "detect",
                                         "report", "train",  "cli"};
constexpr std::size_t kLines = 400;

struct Source {
  std::string path;                      // from the root of the repository
  std::vector<std::string> own, system;  // what it includes, without quotes or brackets
  std::size_t lines = 0;
};

Source scan(const std::string& path, std::istream& in) {
  Source source{path, {}, {}, 0};
  for (std::string line; std::getline(in, line); ++source.lines) {
    std::istringstream words(line);
    std::string first, second, name;
    words >> first;
    if (first == "#") {
      words >> second;
      first += second;
    }
    if (!first.starts_with("#include")) continue;
    const auto begin = line.find_first_of("\"<");
    const auto end = line.find_first_of("\">", begin + 1);
    if (begin == std::string::npos || end == std::string::npos) continue;
    (line[begin] == '"' ? source.own : source.system)
        .push_back(line.substr(begin + 1, end - begin - 1));
  }
  return source;
}

// Of a file of dagan/, where its folder stands in kParts; the end if it is not there.
std::size_t part_of(const std::string& path) {
  const std::size_t begin = path.find('/') + 1;
  const std::string folder = path.substr(begin, path.find('/', begin) - begin);
  return std::size_t(std::find(kParts.begin(), kParts.end(), folder) - kParts.begin());
}

std::string top(const std::string& path) { return path.substr(0, path.find('/')); }

// A header for the one file that compiles it for every instruction set, not for users of a layer.
bool internal(const std::string& path) {
  return path.ends_with("-inl.h") || path == "kernels/simd.h";
}

bool standard(const std::string& header) {
  return std::all_of(header.begin(), header.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || c == '_' || c == '3' || c == '2';
  });
}

// What is wrong with one file, a sentence each.
std::vector<std::string> complaints(const Source& source) {
  std::vector<std::string> result;
  const auto layer = kMayInclude.find(top(source.path));
  const bool header = source.path.ends_with(".h");
  for (const std::string& name : source.own) {
    if (header && !internal(source.path) && internal(name)) {
      result.push_back(source.path + " shows " + name + " to its users");
    }
    if (layer == kMayInclude.end() || name.ends_with(".inc")) continue;
    const bool allowed =
        layer->second.contains(top(name)) || (layer->first == "kernels" && kOfCore.contains(name));
    if (!allowed) result.push_back(source.path + " may not include " + name);
    if (top(name) == "dagan" && top(source.path) == "dagan" && part_of(name) > part_of(source.path))
      result.push_back(source.path + " may not include " + name);
  }
  if (header && !internal(source.path) && layer != kMayInclude.end()) {
    for (const std::string& name : source.system) {
      if (!standard(name)) result.push_back(source.path + " shows <" + name + "> to its users");
    }
  }
  if (source.lines > kLines) {
    result.push_back(source.path + " has " + std::to_string(source.lines) + " lines");
  }
  return result;
}

std::vector<Source> repository() {
  std::vector<Source> sources;
  const fs::path root = DAGAN_SOURCE_DIR;
  for (const char* folder :
       {"core", "kernels", "layers", "optim", "dagan", "examples", "bench", "tests"}) {
    if (!fs::exists(root / folder)) continue;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root / folder)) {
      const std::string extension = entry.path().extension().string();
      if (!Names{".h", ".cpp", ".cu", ".cuh"}.contains(extension)) continue;
      std::ifstream in(entry.path());
      sources.push_back(scan(entry.path().lexically_relative(root).generic_string(), in));
    }
  }
  return sources;
}

std::vector<std::string> complaints_of(const std::string& path, const std::string& code) {
  std::istringstream in(code);
  return complaints(scan(path, in));
}

}  // namespace

TEST_CASE("layering: every file includes only what its layer may stand on") {
  const std::vector<Source> sources = repository();
  CHECK(sources.size() > 100);
  Names layers;
  for (const Source& source : sources) {
    layers.insert(top(source.path));
    for (const std::string& complaint : complaints(source)) FAIL_CHECK(complaint);
    for (const std::string& name : source.own) {
      if (kMayInclude.contains(top(name))) {
        CHECK_MESSAGE(fs::exists(fs::path(DAGAN_SOURCE_DIR) / name), source.path, " includes ",
                      name);
      }
    }
  }
  for (const auto& [layer, allowed] : kMayInclude) CHECK(layers.contains(layer));
}

TEST_CASE("layering: the test finds what it looks for") {
  const auto count = [](const std::string& path, const std::string& code) {
    return complaints_of(path, code).size();
  };
  CHECK(count("core/a.cpp", "#include \"core/b.h\"\n#include <vector>\n") == 0);
  CHECK(count("core/a.cpp", "#include \"kernels/kernels.h\"\n") == 1);
  CHECK(count("core/a.cpp", "  # include \"layers/conv2d.h\"\n") == 1);
  CHECK(count("kernels/a/cpu.cpp", "#include \"core/view.h\"\n#include \"kernels/b.h\"\n") == 0);
  CHECK(count("kernels/a/cpu.cpp", "#include \"core/tape.h\"\n") == 1);
  CHECK(count("layers/a.cpp", "#include \"optim/adam.h\"\n") == 1);
  CHECK(count("dagan/train/a.cpp", "#include \"examples/b.h\"\n#include \"tests/c.h\"\n") == 2);
  CHECK(count("dagan/train/a.cpp", "#include \"dagan/cli/options.h\"\n") == 1);
  CHECK(count("dagan/train/a.cpp", "#include \"dagan/detect/scorer.h\"\n") == 0);
  CHECK(count("dagan/detect/a.cpp", "#include \"dagan/train/trainer.h\"\n") == 1);
  CHECK(count("dagan/cli/a.cpp", "#include \"dagan/elsewhere/a.h\"\n") == 1);
  CHECK(count("dagan/a.cpp", "#include <nlohmann/json.hpp>\n") == 0);
  for (const char* name :
       {"nlohmann/json.hpp", "jpeglib.h", "omp.h", "toml++/toml.h", "hwy/base.h"}) {
    CHECK(count("dagan/a.h", "#include <" + std::string(name) + ">\n") == 1);
  }
  CHECK(count("kernels/a.h", "#include \"kernels/rows-inl.h\"\n") == 1);
  CHECK(count("kernels/b-inl.h", "#include <hwy/highway.h>\n") == 0);
  std::string lines;
  for (std::size_t i = 0; i < kLines; ++i) lines += "x\n";
  CHECK(count("tests/a.cpp", lines) == 0);
  CHECK(count("tests/a.cpp", lines + "x\n") == 1);
}
