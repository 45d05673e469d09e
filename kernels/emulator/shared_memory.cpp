#include "kernels/emulator/shared_memory.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "core/check.h"
#include "kernels/emulator/launch.h"

namespace dagan::emulator {
namespace {

constexpr int kNan = 0xff;

#if defined(__SANITIZE_ADDRESS__)
constexpr std::size_t kFence = 0;  // AddressSanitizer's own
#else
constexpr std::size_t kFence = 512;  // before and behind every array: more than a row of most tiles
#endif

bool damaged(const unsigned char* fence) {
  return std::any_of(fence, fence + kFence, [](unsigned char c) { return c != kNan; });
}

}  // namespace

SharedMemory::Array SharedMemory::make(const void* key, const char* name, std::size_t bytes,
                                       std::size_t alignment) const {
  void* memory = nullptr;
  const std::size_t all = bytes + 2 * kFence;
  const int failed = posix_memalign(&memory, std::max<std::size_t>(alignment, 128), all);
  dagan::check(Fault::device, failed == 0, "out of memory: ", bytes, " bytes of shared memory");
  std::memset(memory, kNan, all);
  return {key, name, bytes, {static_cast<std::byte*>(memory) + kFence, [](std::byte* p) {
                               std::free(p - kFence);
                             }}};
}

void SharedMemory::begin_launch(std::size_t dynamic_bytes) {
  arrays_.clear();
  if (dynamic_bytes) arrays_.push_back(make(nullptr, "dynamic", dynamic_bytes, 128));
}

void SharedMemory::begin_block() {
  for (const Array& array : arrays_) {
    std::memset(array.memory.get() - kFence, kNan, array.bytes + 2 * kFence);
  }
}

std::string SharedMemory::check() const {
  std::size_t fixed = 0, all = 0;
  for (const Array& array : arrays_) {
    const auto* first = reinterpret_cast<const unsigned char*>(array.memory.get());
    if (damaged(first + array.bytes)) {
      return text("the shared array ", array.name, " was written past its end");
    }
    if (damaged(first - kFence)) {
      return text("the shared array ", array.name, " was written before its beginning");
    }
    all += array.bytes;
    if (array.key) fixed += array.bytes;
  }
  if (fixed > kStaticSharedBytes || all > kSharedBytes) {
    return text("a block has ", all, " bytes of shared memory, ", fixed,
                " of them of fixed size; CUDA allows ", kSharedBytes, " and ", kStaticSharedBytes);
  }
  return {};
}

void* SharedMemory::array(const void* key, const char* name, std::size_t bytes,
                          std::size_t alignment) {
  for (const Array& array : arrays_) {
    if (array.key == key) return array.memory.get();
  }
  arrays_.push_back(make(key, name, bytes, alignment));
  return arrays_.back().memory.get();
}

void* SharedMemory::dynamic() const {
  return arrays_.empty() || arrays_[0].key ? nullptr : arrays_[0].memory.get();
}

bool SharedMemory::contains(const void* address) const {
  const auto* p = static_cast<const std::byte*>(address);
  return std::any_of(arrays_.begin(), arrays_.end(), [p](const Array& array) {
    return p >= array.memory.get() && p < array.memory.get() + array.bytes;
  });
}

}  // namespace dagan::emulator
