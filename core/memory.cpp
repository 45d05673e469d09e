#include "core/memory.h"

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace dagan {
namespace {

constexpr std::size_t kAlignment = 64, kHuge = std::size_t(2) << 20;

// In front of every block.
struct alignas(kAlignment) Header {
  void* mapping;  // null: from the heap
  std::size_t length;
};

std::size_t rounded(std::size_t bytes, std::size_t to) { return (bytes + to - 1) / to * to; }

void* with_header(std::byte* block, const Header& header) {
  ::new (block - sizeof header) Header(header);
  return block;
}

}  // namespace

void* allocate_memory(std::size_t bytes) {
  if (bytes > SIZE_MAX - 3 * kHuge) return nullptr;
  if (bytes < kHuge) {
    const std::size_t size = sizeof(Header) + rounded(bytes, kAlignment);
    auto* memory = static_cast<std::byte*>(std::aligned_alloc(kAlignment, size));
    if (!memory) return nullptr;
    std::memset(memory, 0, size);
    return with_header(memory + sizeof(Header), {nullptr, 0});
  }
  // Only what is touched is ever there: the room for the alignment costs little but addresses.
  const std::size_t length = rounded(bytes, kHuge) + 2 * kHuge;
  void* mapping = mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping == MAP_FAILED) return nullptr;
  const auto address = reinterpret_cast<std::uintptr_t>(mapping);
  const std::size_t offset = rounded(address + sizeof(Header), kHuge) - address;
  std::byte* block = static_cast<std::byte*>(mapping) + offset;
  madvise(block, rounded(bytes, kHuge), MADV_HUGEPAGE);
  return with_header(block, {mapping, length});
}

void release_memory(void* block) {
  if (!block) return;
  auto* header = reinterpret_cast<Header*>(static_cast<std::byte*>(block) - sizeof(Header));
  if (header->mapping)
    munmap(header->mapping, header->length);
  else
    std::free(header);
}

}  // namespace dagan
