#include "tests/apart_memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <mutex>

#include "core/check.h"

namespace dagan::testing {
namespace {

// Address space for everything that the tests ever ask for: it is handed out once.
class Memory {
 public:
  static constexpr std::size_t kBytes = std::size_t(8) << 30;

  Memory() {
    void* memory =
        mmap(nullptr, kBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    check(memory != MAP_FAILED, "no address space");
    begin_ = static_cast<std::byte*>(memory);
  }
  void* take(std::size_t bytes) {
    const auto page = std::size_t(sysconf(_SC_PAGESIZE));
    std::byte* taken = begin_ + used_;
    used_ += (bytes / page + 1) * page;
    check(used_ <= kBytes, "no address space left");
    return taken;
  }
  bool contains(const void* address) const {
    return address >= begin_ && address < begin_ + kBytes;
  }
  template <class F>
  void unlocked(F f) {
    const std::lock_guard lock(mutex_);
    mprotect(begin_, used_, PROT_READ | PROT_WRITE);
    f();
    mprotect(begin_, used_, PROT_NONE);
  }

 private:
  std::byte* begin_ = nullptr;
  std::size_t used_ = 0;
  std::mutex mutex_;
};

Memory& memory() {
  static Memory memory;
  return memory;
}

void copy(void* to, const void* from, std::size_t bytes) {
  check(memory().contains(to) || memory().contains(from), "a copy within the host's own memory");
  memory().unlocked([&] { std::memcpy(to, from, bytes); });
}

void repeat(void**, void (*launches)(const void*), const void* argument) {
  memory().unlocked([&] { launches(argument); });
}

}  // namespace

const Backend& apart_from_host(const Backend& like) {
  static Backend backend;
  backend = {.name = "apart",
             .runtime = {.allocate = [](std::size_t bytes) { return memory().take(bytes); },
                         .release = [](void*) {},
                         .copy = copy,
                         .synchronise = [] {},
                         .repeat = repeat,
                         .forget = [](void*) {},
                         .stream = nullptr,
                         .host_memory = false},
             .kernels = like.kernels};
  return backend;
}

}  // namespace dagan::testing
