#include "kernels/emulator/fiber.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>

#include "core/check.h"

#if !defined(__x86_64__) && !defined(__aarch64__)
#define DAGAN_FIBER_UCONTEXT 1
#endif
#if defined(DAGAN_FIBER_UCONTEXT)
#include <ucontext.h>
#endif

#if defined(__SANITIZE_ADDRESS__)
#define DAGAN_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define DAGAN_ASAN 1
#endif
#endif
#if defined(DAGAN_ASAN)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

#if !defined(DAGAN_FIBER_UCONTEXT)
// Saves the registers that a function must keep on the stack, the stack pointer in *save, and takes
// all of them from `load`.
extern "C" void dagan_emulator_switch(void** save, void* load);

#if defined(__x86_64__)
asm(R"(
.text
.p2align 4
.globl dagan_emulator_switch
.type dagan_emulator_switch, @function
dagan_emulator_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size dagan_emulator_switch, .-dagan_emulator_switch
)");
#else
asm(R"(
.text
.p2align 4
.globl dagan_emulator_switch
.type dagan_emulator_switch, %function
dagan_emulator_switch:
  sub sp, sp, #160
  stp x19, x20, [sp, #0]
  stp x21, x22, [sp, #16]
  stp x23, x24, [sp, #32]
  stp x25, x26, [sp, #48]
  stp x27, x28, [sp, #64]
  stp x29, x30, [sp, #80]
  stp d8, d9, [sp, #96]
  stp d10, d11, [sp, #112]
  stp d12, d13, [sp, #128]
  stp d14, d15, [sp, #144]
  mov x9, sp
  str x9, [x0]
  mov sp, x1
  ldp x19, x20, [sp, #0]
  ldp x21, x22, [sp, #16]
  ldp x23, x24, [sp, #32]
  ldp x25, x26, [sp, #48]
  ldp x27, x28, [sp, #64]
  ldp x29, x30, [sp, #80]
  ldp d8, d9, [sp, #96]
  ldp d10, d11, [sp, #112]
  ldp d12, d13, [sp, #128]
  ldp d14, d15, [sp, #144]
  add sp, sp, #160
  ret
.size dagan_emulator_switch, .-dagan_emulator_switch
)");
#endif
#endif

namespace dagan::emulator {
namespace {

// Who switched to whom last, on this thread of the operating system: what a new fiber starts from.
constinit thread_local Fiber* previous = nullptr;
constinit thread_local Fiber* current = nullptr;

std::size_t page_bytes() {
  static const std::size_t bytes = std::size_t(sysconf(_SC_PAGESIZE));
  return bytes;
}

}  // namespace

void Fiber::start() {
  Fiber& self = *current;
  self.arrived();
  self.entry_(self.argument_);
}

void Fiber::arrived() {
#if defined(DAGAN_ASAN)
  const void* bottom = nullptr;
  std::size_t bytes = 0;
  __sanitizer_finish_switch_fiber(fake_stack_, &bottom, &bytes);
  if (!previous->bottom_) {
    previous->bottom_ = bottom;
    previous->bytes_ = bytes;
  }
#endif
}

Fiber::Fiber(std::byte* stack, std::size_t bytes, void (*entry)(void*), void* argument)
    : bottom_(stack), bytes_(bytes), entry_(entry), argument_(argument) {
#if defined(DAGAN_FIBER_UCONTEXT)
  const auto context = std::make_shared<ucontext_t>();
  getcontext(context.get());
  context->uc_stack.ss_sp = stack;
  context->uc_stack.ss_size = bytes;
  context->uc_link = nullptr;
  makecontext(context.get(), &Fiber::start, 0);
  context_ = context;
#elif defined(__x86_64__)
  // Six registers and the address to return to, then a word that keeps the stack aligned as after a
  // call.
  auto* top = reinterpret_cast<void**>(stack + bytes) - 8;
  std::memset(top, 0, 8 * sizeof(void*));
  top[6] = reinterpret_cast<void*>(&Fiber::start);
  stack_pointer_ = top;
#else
  std::byte* top = stack + bytes - 160;
  std::memset(top, 0, 160);
  *reinterpret_cast<void**>(top + 88) = reinterpret_cast<void*>(&Fiber::start);  // x30
  stack_pointer_ = top;
#endif
}

void Fiber::switch_to(Fiber& next) {
  previous = this;
  current = &next;
#if defined(DAGAN_ASAN)
  __sanitizer_start_switch_fiber(&fake_stack_, next.bottom_, next.bytes_);
#endif
#if defined(DAGAN_FIBER_UCONTEXT)
  if (!context_) context_ = std::make_shared<ucontext_t>();
  swapcontext(static_cast<ucontext_t*>(context_.get()),
              static_cast<ucontext_t*>(next.context_.get()));
#else
  dagan_emulator_switch(&stack_pointer_, next.stack_pointer_);
#endif
  arrived();
}

Stacks::~Stacks() { release(); }

void Stacks::release() {
  if (!memory_) return;
  forget();  // whatever is mapped here next would inherit the last frames' red zones
  munmap(memory_, slot_ * count_);
  memory_ = nullptr;
  count_ = 0;
}

std::size_t Stacks::bytes() {
#if defined(DAGAN_ASAN)
  return std::size_t(256) << 10;
#else
  return std::size_t(64) << 10;
#endif
}

void Stacks::grow(std::size_t count) {
  if (count <= count_) return;
  release();
  slot_ = bytes() + page_bytes();
  void* memory = mmap(nullptr, slot_ * count, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  check(Fault::device, memory != MAP_FAILED, "out of memory: ", count, " stacks for the emulator");
  memory_ = static_cast<std::byte*>(memory);
  count_ = count;
  for (std::size_t i = 0; i < count; ++i) mprotect(memory_ + i * slot_, page_bytes(), PROT_NONE);
}

std::byte* Stacks::stack(std::size_t i) const { return memory_ + i * slot_ + page_bytes(); }

bool Stacks::contains(const void* address) const {
  const auto* p = static_cast<const std::byte*>(address);
  return p >= memory_ && p < memory_ + slot_ * count_;
}

void Stacks::forget() {
#if defined(DAGAN_ASAN)
  for (std::size_t i = 0; i < count_; ++i) __asan_unpoison_memory_region(stack(i), bytes());
#endif
}

}  // namespace dagan::emulator
