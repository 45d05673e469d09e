// A fiber: a stack of its own that a thread of the operating system can switch to and from. The
// emulator runs every CUDA thread on one, so that a thread can wait in the middle of a kernel.
#pragma once
#include <cstddef>
#include <memory>

namespace dagan::emulator {

class Fiber {
 public:
  Fiber() = default;  // the stack of the caller: only something to switch back to
  // Runs entry(argument) when it is first switched to; entry must not return, but switch away.
  // `stack` stays the caller's, `bytes` of it, aligned to 16.
  Fiber(std::byte* stack, std::size_t bytes, void (*entry)(void*), void* argument);

  // Goes on where `next` was left. *this must be what runs now; it goes on when it is switched to.
  void switch_to(Fiber& next);

 private:
  static void start();
  void arrived();

  void* stack_pointer_ = nullptr;
  const void* bottom_ = nullptr;  // the caller's stack is only known once it was left
  std::size_t bytes_ = 0;
  void (*entry_)(void*) = nullptr;
  void* argument_ = nullptr;
  void* fake_stack_ = nullptr;     // AddressSanitizer's
  std::shared_ptr<void> context_;  // ucontext_t, where the switch is not written in assembler
};

// Memory for stacks, each with a page below it that faults when a stack overflows.
class Stacks {
 public:
  Stacks() = default;
  ~Stacks();
  Stacks(const Stacks&) = delete;
  Stacks& operator=(const Stacks&) = delete;

  void grow(std::size_t count);  // what was handed out before is gone if the count grows
  std::size_t count() const { return count_; }
  std::byte* stack(std::size_t i) const;
  static std::size_t bytes();
  bool contains(const void* address) const;
  void forget();  // the frames on them were abandoned: tells AddressSanitizer

 private:
  void release();

  std::byte* memory_ = nullptr;
  std::size_t count_ = 0, slot_ = 0;
};

}  // namespace dagan::emulator
