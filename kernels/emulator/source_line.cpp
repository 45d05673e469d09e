#include "kernels/emulator/source_line.h"

#include <link.h>

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <map>
#include <mutex>

#include "core/check.h"

namespace dagan::emulator {
namespace {

struct Place {
  std::uintptr_t code = 0, offset = 0;  // in memory, in its file
  std::string file;
};

int find(dl_phdr_info* object, std::size_t, void* result) {
  auto& place = *static_cast<Place*>(result);
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const auto& part = object->dlpi_phdr[i];
    const std::uintptr_t begin = object->dlpi_addr + part.p_vaddr;
    if (part.p_type != PT_LOAD || place.code < begin || place.code >= begin + part.p_memsz)
      continue;
    place.offset = place.code - object->dlpi_addr;
    place.file = object->dlpi_name;
    std::error_code none;
    if (place.file.empty()) place.file = std::filesystem::read_symlink("/proc/self/exe", none);
    return 1;
  }
  return 0;
}

std::string hexadecimal(std::uintptr_t x) {
  char digits[32];
  std::snprintf(digits, sizeof digits, "0x%llx", static_cast<unsigned long long>(x));
  return digits;
}

std::string output_of(const std::string& command) {
  std::string result;
  std::FILE* pipe = popen(command.c_str(), "r");
  if (!pipe) return result;
  char buffer[4096];
  while (const std::size_t n = std::fread(buffer, 1, sizeof buffer, pipe)) result.append(buffer, n);
  pclose(pipe);
  return result;
}

// "/a/b/conv2d/gpu.cu:45 (discriminator 3)" -> "conv2d/gpu.cu:45"
std::string shortened(const std::string& line) {
  const std::string place = line.substr(0, line.find(' '));
  std::size_t slash = place.rfind('/');
  if (slash != std::string::npos && slash > 0) slash = place.rfind('/', slash - 1);
  return slash == std::string::npos ? place : place.substr(slash + 1);
}

// addr2line answers for each address with the address and then two lines, function and place, for
// the instruction and for every function it was inlined into.
void resolve(const std::string& file, const std::vector<Place>& places,
             std::map<const void*, std::string>& known) {
  std::string command = "addr2line -a -f -i -e '" + file + "'";
  for (const Place& place : places) command += ' ' + hexadecimal(place.offset);
  std::istringstream answer(output_of(command + " 2>/dev/null"));
  std::size_t next = 0;
  std::string line, *found = nullptr;
  bool sure = false;
  while (std::getline(answer, line)) {
    if (line.starts_with("0x")) {
      if (next == places.size()) break;
      found = &known[reinterpret_cast<const void*>(places[next++].code)];
      sure = false;
    } else if (std::getline(answer, line) && found && !sure && !line.starts_with("?")) {
      *found = shortened(line);
      sure = line.find("/kernels/device/") == std::string::npos &&
             line.find("/kernels/emulator/") == std::string::npos;
    }
  }
}

}  // namespace

std::vector<std::string> source_lines(const std::vector<const void*>& return_addresses) {
  static std::mutex mutex;
  static std::map<const void*, std::string> known;  // by the call's own address
  const std::lock_guard lock(mutex);
  std::map<std::string, std::vector<Place>> unknown;
  for (const void* address : return_addresses) {
    Place place;
    place.code = std::uintptr_t(address) - 1;
    const auto [at, is_new] = known.try_emplace(reinterpret_cast<const void*>(place.code));
    if (!is_new) continue;
    at->second = hexadecimal(place.code);
    if (dl_iterate_phdr(find, &place)) unknown[place.file].push_back(place);
  }
  for (const auto& [file, places] : unknown) resolve(file, places, known);
  std::vector<std::string> result;
  for (const void* address : return_addresses) {
    result.push_back(known[reinterpret_cast<const void*>(std::uintptr_t(address) - 1)]);
  }
  return result;
}

std::string source_line(const void* return_address) { return source_lines({return_address})[0]; }

}  // namespace dagan::emulator
