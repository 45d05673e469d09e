// What may watch a kernel run: the race check and the access counters. A kernel reports its loads
// and stores only where it was compiled for it (the backend `checked`).
#pragma once
#include <cstddef>
#include <cstdint>

namespace dagan::emulator {

struct Position;

enum class AccessKind : std::uint8_t { read, write, atomic };

struct Access {
  const void* address;
  std::uint32_t bytes;
  AccessKind kind;
  bool shared;       // shared memory, else global
  const void* code;  // the instruction
};

class Observer {
 public:
  virtual ~Observer() = default;
  virtual void launch_begins() {}
  // How many of a launch's blocks it needs to see. The others do not run: then what the launch
  // computes is incomplete.
  virtual std::int64_t blocks_wanted(std::int64_t blocks) { return blocks; }
  virtual void block_begins() {}
  virtual void block_ends() {}
  virtual void barrier() {}                                // all threads of the block
  virtual void warp_barrier([[maybe_unused]] int warp) {}  // all lanes of a warp
  virtual void access(const Access&, const Position&) = 0;
};

// The launches of this thread of the operating system report to it; null: to nobody. Blocks then
// run one after another.
Observer*& observer();

// Makes it so for as long as this object lives.
class Watch {
 public:
  explicit Watch(Observer& by) : before_(observer()) { observer() = &by; }
  ~Watch() { observer() = before_; }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

 private:
  Observer* before_;
};

// Reports an access of the running thread: the hooks of instrumented code, and what reads or writes
// on a thread's behalf. Does nothing outside a kernel and for the thread's own stack.
void report_access(const void* address, std::size_t bytes, AccessKind, const void* code);

}  // namespace dagan::emulator
