#include "core/memory.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <cstring>
#include <numeric>

namespace dagan {
namespace {

constexpr std::size_t kHuge = std::size_t(2) << 20;

TEST_CASE("memory: zeroed, aligned, and all of it there, for small and large blocks") {
  for (const std::size_t bytes : {std::size_t(0), std::size_t(1), std::size_t(63), std::size_t(64),
                                  std::size_t(65), kHuge - 1, kHuge, kHuge + 1, 3 * kHuge - 5}) {
    auto* block = static_cast<unsigned char*>(allocate_memory(bytes));
    REQUIRE(block != nullptr);
    CHECK(reinterpret_cast<std::uintptr_t>(block) % (bytes < kHuge ? 64 : kHuge) == 0);
    CHECK(std::accumulate(block, block + bytes, 0u) == 0);
    std::memset(block, 1, bytes);
    release_memory(block);
  }
  release_memory(nullptr);
}

TEST_CASE("memory: more than there are addresses is refused") {
  CHECK(allocate_memory(SIZE_MAX) == nullptr);
  CHECK(allocate_memory(std::size_t(1) << 62) == nullptr);
}

TEST_CASE("memory: a vector of bytes that are not initialised grows and shrinks like any other") {
  FileBytes bytes(kHuge + 7);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = std::byte(i * 7);
  const FileBytes copy = bytes;
  bytes.insert(bytes.end(), copy.begin(), copy.end());
  bytes.resize(bytes.size() - 3);
  bool same = true;
  for (std::size_t i = 0; i < bytes.size(); ++i) same &= bytes[i] == copy[i % copy.size()];
  CHECK(same);
}

}  // namespace
}  // namespace dagan
