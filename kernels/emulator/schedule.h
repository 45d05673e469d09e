// Who runs next. A GPU promises no order among the threads of a block, so a kernel has to be right
// in every one; tests run it in many.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace dagan::emulator {

enum class Order : std::uint8_t {
  sequential,  // first come, first served
  reverse,     // the same, from the last thread to the first
  random,      // any thread that can run, each time
  priority,    // the warp of the highest random priority as far as it gets, with a few random
               // changes of priority on the way: finds bugs of depth d with a known probability
               // (Burckhardt et al., "A randomized scheduler with probabilistic guarantees of
               // finding bugs", ASPLOS 2010)
};

// When an asynchronous copy takes place: as late as its wait allows (finds missing waits), or at
// once (finds buffers that are refilled while they are still read).
enum class Copies : std::uint8_t { late, early };

struct Schedule {
  Order order = Order::sequential;
  Copies copies = Copies::late;
  std::uint64_t seed = 1;  // of the random orders, which also shuffle the blocks
};

std::string to_string(const Schedule&);

// Sequential, reverse and `count` - 2 random ones, half of them by priority; each with late and
// early copies, so 2 * count in all.
std::vector<Schedule> schedules(int count = 32);

// What the launches of this thread of the operating system follow from now on. Sequential unless
// told otherwise; only then do blocks run on several processors.
Schedule& schedule();

// The threads of one block that can run. Threads are numbers; a warp is 32 in a row.
class Scheduler {
 public:
  void begin(const Schedule&, int threads, std::uint64_t block);  // all can run
  void add(int thread);
  int take();  // -1 if none can run

 private:
  std::uint32_t random(std::uint32_t count);
  int take_by_priority();

  Order order_ = Order::sequential;
  std::uint64_t state_ = 0;
  std::vector<int> runnable_;  // a ring for the orders that are queues, else a set
  std::size_t head_ = 0, size_ = 0;
  std::vector<std::uint32_t> priority_;  // by warp
  int steps_ = 0, next_change_ = 0;
};

}  // namespace dagan::emulator
