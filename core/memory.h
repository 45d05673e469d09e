// Host memory for tensors and whole files.
#pragma once
#include <cstddef>
#include <new>
#include <utility>
#include <vector>

namespace dagan {

// Zeroed and aligned to 64 bytes; null when there is none. Large blocks lie in huge pages, since
// kernels walk through them in long strides, and cost no time until they are used.
void* allocate_memory(std::size_t bytes);
void release_memory(void*);

// What a user can do where there is none.
inline constexpr const char* kMemoryHint =
    "use smaller batches, models or images, or end other programs";

// For a vector that is filled right after it was made: elements are not initialised.
template <class T>
struct Uninitialised {
  using value_type = T;

  Uninitialised() = default;
  template <class U>
  Uninitialised(const Uninitialised<U>&) {}  // NOLINT: implicit, as the standard wants it

  T* allocate(std::size_t count) {
    void* memory = allocate_memory(count * sizeof(T));
    if (!memory) throw std::bad_alloc();
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, std::size_t) { release_memory(memory); }
  void construct(T*) {}
  template <class U, class... A>
  void construct(U* at, A&&... values) {
    ::new (static_cast<void*>(at)) U(std::forward<A>(values)...);
  }
  bool operator==(const Uninitialised&) const = default;
};

using FileBytes = std::vector<std::byte, Uninitialised<std::byte>>;

}  // namespace dagan
