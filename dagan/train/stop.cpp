#include "dagan/train/stop.h"

#include <atomic>

namespace dagan {
namespace {

std::atomic<int> requested = 0;
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler must not take a lock");

}  // namespace

void request_stop(int signal) {
  int none = 0;
  requested.compare_exchange_strong(none, signal);
}
int stop_requested() { return requested; }
void clear_stop() { requested = 0; }

}  // namespace dagan
