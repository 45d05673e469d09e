// The state of one block while it runs, for one thread of the operating system.
#pragma once
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "core/check.h"
#include "kernels/emulator/fiber.h"
#include "kernels/emulator/launch.h"
#include "kernels/emulator/observer.h"
#include "kernels/emulator/schedule.h"
#include "kernels/emulator/shared_memory.h"

namespace dagan::emulator {

class Executor {
 public:
  // A launch: fixes what its blocks have in common.
  void begin(Extent blocks, Extent threads, std::size_t shared_bytes, const Body&, const Schedule&,
             Observer*);
  // Runs one block; an empty string, or what went wrong.
  std::string run(std::uint64_t block);

  struct Copy {
    void* to;
    const void* from;
    unsigned bytes, valid;
    const void* code;
  };

  int barrier(int value, Site);
  void collective(Collective*, unsigned mask, const void* in, void* out, Site);
  void copy_async(const Copy&, Site);
  void commit_copies();
  void wait_copies(int pending);
  void may_yield();
  // Ends the block with an error. The stack that calls it is not unwound: no part of the message
  // may own memory.
  template <class... Parts>
  [[noreturn]] void stop(const Parts&... what) {
    error_ = text(Who{threads_[std::size_t(current_)]}, ": ", what...);
    leave_for_good();
  }

  int lanes() const;  // of the running thread's warp: 32, but for the last one of a block
  SharedMemory& shared() { return shared_; }
  Observer* observer() const { return observer_; }
  bool own_memory(const void* address) const;  // the threads' stacks, and the emulator's objects

 private:
  enum class State : std::uint8_t { ready, at_barrier, in_warp, done };

  struct Thread {
    Position at;
    State state;
    int fiber;  // -1: it has not begun
    Site site;  // where it waits
    const void* in;
    void* out;
    std::vector<Copy> copies;
    std::vector<std::size_t> groups;  // how many of the copies each committed group holds
  };
  struct Group {  // lanes of a warp that wait for each other
    Collective* collective;
    unsigned mask, arrived;
    Site site;
  };

  [[noreturn]] void fiber_loop();
  void begin_block(std::uint64_t block);
  void run_thread();
  void wait();             // until the current thread is resumed
  void enter(int thread);  // makes it the current one
  void finish(Thread&);
  void complete(int warp, std::size_t group);
  void release_barrier();
  void leave_block();  // back to run(), from any fiber
  [[noreturn]] void leave_for_good();
  void make_fibers();
  void perform(Thread&, std::size_t count);

  // Parts of messages.
  struct Who {
    const Thread& thread;
  };
  struct Waiting {  // who waits where
    const Executor& executor;
  };
  friend std::ostream& operator<<(std::ostream&, const Who&);
  friend std::ostream& operator<<(std::ostream&, const Waiting&);

  Extent blocks_;
  Body body_ = {};
  Schedule schedule_;
  Observer* observer_ = nullptr;
  Scheduler scheduler_;
  SharedMemory shared_;

  std::vector<Thread> threads_;
  int count_ = 0, current_ = 0, done_ = 0;

  int at_barrier_ = 0, barrier_sum_ = 0, barrier_result_ = 0;
  Site barrier_site_ = {};
  std::vector<std::vector<Group>> warps_;

  Fiber main_;
  Stacks stacks_;
  std::vector<Fiber> fibers_;
  std::vector<int> free_;
  int fiber_ = -1;  // the one that runs
  std::string error_;
};

std::ostream& operator<<(std::ostream&, Site);  // gpu.cu:45

// The executor of this thread of the operating system.
Executor& executor();

}  // namespace dagan::emulator
