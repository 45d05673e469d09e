// What nvcc says of every kernel, against what stands beside it in the source: GPU_KERNEL(threads,
// registers).
#include <cxxabi.h>
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

std::string content(const fs::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

// One entry function, as ptxas reports it for one architecture.
struct Entry {
  std::string kernel, architecture;
  int registers = 0, stack = 0, spilled = 0;  // bytes
};

// The bare name of a mangled kernel: "leaky_relu_kernel".
std::string bare_name(const std::string& mangled) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> text(
      abi::__cxa_demangle(mangled.c_str(), nullptr, nullptr, &status), std::free);
  if (status != 0) return mangled;
  static const std::regex name(R"((\w+)(<.*>)?\([^()]*\)$)");
  std::string full =
      std::regex_replace(std::string(text.get()), std::regex(R"(\(anonymous namespace\)::)"), "");
  std::smatch match;
  return std::regex_search(full, match, name) ? match[1].str() : full;
}

std::vector<Entry> entries(const std::string& report) {
  static const std::regex begin(R"(Compiling entry function '(\w+)' for '(\w+)')");
  static const std::regex memory(R"((\d+) bytes stack frame, (\d+) bytes spill stores, (\d+))");
  static const std::regex used(R"(Used (\d+) registers)");
  std::vector<Entry> result;
  std::istringstream in(report);
  std::smatch match;
  for (std::string line; std::getline(in, line);) {
    if (std::regex_search(line, match, begin)) {
      result.push_back({bare_name(match[1]), match[2]});
    } else if (result.empty()) {
      continue;
    } else if (std::regex_search(line, match, memory)) {
      result.back().stack = std::stoi(match[1]);
      result.back().spilled = std::stoi(match[2]) + std::stoi(match[3]);
    } else if (std::regex_search(line, match, used)) {
      result.back().registers = std::stoi(match[1]);
    }
  }
  return result;
}

// Kernel by kernel, the registers that it may use; -1: written twice with different numbers.
std::map<std::string, int> limits(const std::string& source) {
  static const std::regex kernel(R"(GPU_KERNEL\(\s*[^,()]+,\s*(\d+)\s*\)\s*(\w+)\s*\()");
  std::map<std::string, int> result;
  for (std::sregex_iterator i(source.begin(), source.end(), kernel), end; i != end; ++i) {
    const int registers = std::stoi((*i)[1]);
    const auto [at, fresh] = result.emplace((*i)[2], registers);
    if (!fresh && at->second != registers) at->second = -1;
  }
  return result;
}

// The source of an object and everything of the project that it includes, from its depfile.
std::string sources_of(const fs::path& object) {
  std::istringstream words(content(object.string() + ".d"));
  std::string all;
  for (std::string word; words >> word;) {
    if (word.ends_with(".cu") || word.ends_with(".cuh")) all += content(word);
  }
  return all;
}

std::vector<std::string> complaints(const Entry& e, const std::map<std::string, int>& limits) {
  std::vector<std::string> result;
  const std::string where = e.kernel + " for " + e.architecture;
  if (e.stack) result.push_back(where + " has a stack frame of " + std::to_string(e.stack));
  if (e.spilled) result.push_back(where + " spills " + std::to_string(e.spilled) + " bytes");
  const auto limit = limits.find(e.kernel);
  if (limit == limits.end()) {
    result.push_back(where + " has no limit written beside it");
  } else if (e.registers > limit->second) {
    result.push_back(where + " uses " + std::to_string(e.registers) + " registers, but " +
                     std::to_string(limit->second) + " are written beside it");
  }
  return result;
}

}  // namespace

TEST_CASE("registers: every kernel stays within its limit, without spilling") {
  const fs::path folder = fs::path(DAGAN_BINARY_DIR) / "cuda";
  if (!fs::exists(folder)) {
    MESSAGE("skipped: this build has no CUDA");
    return;
  }
  std::size_t kernels = 0;
  std::set<std::string> architectures;
  for (const fs::directory_entry& file : fs::directory_iterator(folder)) {
    if (file.path().extension() != ".ptxas") continue;
    const fs::path object = file.path().parent_path() / file.path().stem();
    const auto allowed = limits(sources_of(object));
    for (const Entry& entry : entries(content(file.path()))) {
      ++kernels;
      architectures.insert(entry.architecture);
      CHECK(entry.registers > 0);
      for (const std::string& complaint : complaints(entry, allowed)) FAIL_CHECK(complaint);
    }
  }
  CHECK(kernels >= 10 * architectures.size());
  CHECK(architectures.size() >= 1);
}

TEST_CASE("registers: too many, spills and kernels without a limit are found") {
  const auto allowed = limits(
      "template <int V>\nGPU_KERNEL(256, 32) scale_kernel(float a, View x) {}\n"
      "GPU_KERNEL(kThreads, 64)\nsum_kernel(View x) {}\n");
  CHECK(allowed.at("scale_kernel") == 32);
  CHECK(allowed.at("sum_kernel") == 64);
  const auto found = entries(
      "ptxas info    : Compiling entry function "
      "'_ZN5dagan4cuda12scale_kernelILi4EEEvfNS_4ViewE' for 'sm_90'\n"
      "    8 bytes stack frame, 4 bytes spill stores, 12 bytes spill loads\n"
      "ptxas info    : Used 40 registers, used 0 barriers\n");
  REQUIRE(found.size() == 1);
  CHECK(found[0].kernel == "scale_kernel");
  CHECK(found[0].architecture == "sm_90");
  CHECK(found[0].spilled == 16);
  CHECK(complaints(found[0], allowed).size() == 3);
  CHECK(complaints({"other_kernel", "sm_80", 10}, allowed).size() == 1);
  CHECK(complaints({"sum_kernel", "sm_80", 64}, allowed).empty());
}
