#include "kernels/emulator/block.h"

#include <exception>

#include "core/check.h"
#include "kernels/emulator/executor.h"

namespace dagan::emulator {

int barrier(int value, Site site) { return executor().barrier(value, site); }

void collective(Collective* f, unsigned mask, const void* in, void* out, Site site) {
  executor().collective(f, mask, in, out, site);
}

void warp_barrier(const void* const*, void* const*, unsigned) {}

void* shared_array(const void* key, const char* name, std::size_t bytes, std::size_t alignment) {
  return executor().shared().array(key, name, bytes, alignment);
}

void* dynamic_shared(Site site) {
  void* memory = executor().shared().dynamic();
  if (!memory) fail_in_kernel("the launch gave no dynamic shared memory", site);
  return memory;
}

void copy_async(void* to, const void* from, unsigned bytes, unsigned valid, Site site) {
  executor().copy_async({to, from, bytes, valid, __builtin_return_address(0)}, site);
}

void commit_copies() { executor().commit_copies(); }
void wait_copies(int pending) { executor().wait_copies(pending); }
void may_yield() { executor().may_yield(); }

void fail_in_kernel(const char* what, Site site) {
  executor().stop(what, " at ", site);
  std::terminate();
}

void report_access(const void* address, std::size_t bytes, AccessKind kind, const void* code) {
  if (!here) return;
  Executor& runner = executor();
  if (!runner.observer() || runner.own_memory(address)) return;
  runner.observer()->access(
      {address, std::uint32_t(bytes), kind, runner.shared().contains(address), code}, *here);
}

}  // namespace dagan::emulator
