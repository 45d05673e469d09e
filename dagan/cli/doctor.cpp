// Which instruction sets the kernels were compiled for, in Highway's order: the best comes first.
#include "kernels/simd.h"
// clang-format off: simd.h sets what highway.h reads, and jpeglib.h needs <cstdio> before it
#include <hwy/highway.h>
#include <cstdio>
#include <jpeglib.h>
// clang-format on
#include <hwy/targets.h>
#include <omp.h>
#include <tiffio.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "dagan/cli/commands.h"
#include "dagan/cli/help.h"
#include "dagan/cli/options.h"
#include "dagan/cli/output.h"
#include "dagan/recipe/recipe_table.h"
#include "kernels/backend.h"

#define DAGAN_TEXT_OF(x) #x
#define DAGAN_TEXT(x) DAGAN_TEXT_OF(x)

namespace dagan {
namespace {

using Json = nlohmann::ordered_json;

// The value behind "NAME :" in one of Linux's tables; empty where there is none.
std::string system_value(const char* file, const std::string& name) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with(name)) continue;
    const std::size_t colon = line.find(':');
    const std::size_t value = line.find_first_not_of(" \t", colon + 1);
    if (colon != std::string::npos && value != std::string::npos) return line.substr(value);
  }
  return "";
}

// Highway names a target by one bit; the lowest is the best.
std::vector<std::string> target_names(std::int64_t targets) {
  std::vector<std::string> names;
  for (; targets; targets &= targets - 1) names.push_back(hwy::TargetName(targets & -targets));
  return names;
}

std::string compiler() {
#if defined(__clang__)
  return "clang " __clang_version__;
#else
  return "g++ " __VERSION__;
#endif
}

std::string memory_text(double bytes) { return number_text(std::round(bytes / 1e8) / 10) + " GB"; }

}  // namespace

int run_doctor(const Arguments& arguments) {
  const auto usable = target_names(std::int64_t(HWY_TARGETS) & hwy::SupportedTargets());
  std::error_code none;
  const auto space = std::filesystem::space(".", none);
  std::string libjpeg = "libjpeg";
#ifdef LIBJPEG_TURBO_VERSION
  libjpeg = "libjpeg-turbo " DAGAN_TEXT(LIBJPEG_TURBO_VERSION);
#endif
  std::string tiff = TIFFGetVersion();
  tiff = tiff.substr(0, tiff.find('\n'));

  Json facts;
  facts["version"] = version_text();
  facts["compiler"] = compiler();
  facts["processor"] = system_value("/proc/cpuinfo", "model name");
  facts["cores"] = std::thread::hardware_concurrency();
  facts["threads"] = omp_get_max_threads();
  facts["instruction_sets"]["compiled"] = target_names(std::int64_t(HWY_TARGETS));
  facts["instruction_sets"]["used"] = usable.empty() ? "scalar" : usable.front();
  facts["devices"] = {"cpu", "emulated"};
  if (has_cuda()) facts["devices"].push_back("cuda");
  facts["memory_available"] =
      memory_text(std::atof(system_value("/proc/meminfo", "MemAvailable").c_str()) * 1024);
  facts["disk_available"] = none ? "unknown" : memory_text(double(space.available));
  facts["folder"] = std::filesystem::current_path().string();
  facts["image_formats"] = {{"png", "libdeflate, stb_image"},
                            {"jpeg", libjpeg},
                            {"tiff", tiff},
                            {"bmp, pgm, ppm", "built in"}};
  facts["recipes"] = built_in_recipes();
  print_object(facts.dump(2, ' ', false, Json::error_handler_t::replace),
               arguments.text("--format"));
  return 0;
}

}  // namespace dagan
