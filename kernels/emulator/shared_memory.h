// The shared memory of a block: arrays of fixed size and one of the size that the launch gives.
#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace dagan::emulator {

class SharedMemory {
 public:
  void begin_launch(std::size_t dynamic_bytes);
  void begin_block();         // fills everything with NaN bytes
  std::string check() const;  // an array that was written outside, or more than CUDA allows

  void* array(const void* key, const char* name, std::size_t bytes, std::size_t alignment);
  void* dynamic() const;  // null if the launch asked for none
  bool contains(const void* address) const;

 private:
  // Every array has a block of its own on the heap, so that AddressSanitizer sees an access outside
  // it; without it, the bytes around the array tell of a write.
  struct Array {
    const void* key;
    const char* name;
    std::size_t bytes;
    std::unique_ptr<std::byte[], void (*)(std::byte*)> memory;
  };
  Array make(const void* key, const char* name, std::size_t bytes, std::size_t alignment) const;

  std::vector<Array> arrays_;  // the first is the dynamic one, whose key is null, if there is one
};

}  // namespace dagan::emulator
