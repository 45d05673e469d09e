#include "kernels/emulator/executor.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <utility>

#include "core/check.h"

namespace dagan::emulator {
namespace {

std::string to_string(Extent e) { return text('(', e.x, ',', e.y, ',', e.z, ')'); }

bool same(Site a, Site b) {
  return a.line == b.line && (a.file == b.file || std::strcmp(a.file, b.file) == 0);
}

}  // namespace

std::ostream& operator<<(std::ostream& out, Site site) {
  const char* slash = std::strrchr(site.file, '/');
  return out << (slash ? slash + 1 : site.file) << ':' << site.line;
}

constinit thread_local const Position* here = nullptr;

Executor& executor() {
  static constinit thread_local Executor* known = nullptr;  // cheaper to ask than the other
  if (!known) {
    static thread_local Executor executor;
    known = &executor;
  }
  return *known;
}

void Executor::begin(Extent blocks, Extent threads, std::size_t shared_bytes, const Body& body,
                     const Schedule& schedule, Observer* observer) {
  blocks_ = blocks;
  body_ = body;
  schedule_ = schedule;
  observer_ = observer;
  shared_.begin_launch(shared_bytes);
  count_ = int(threads.x * threads.y * threads.z);
  threads_.resize(std::size_t(count_));
  warps_.resize(std::size_t(count_ + 31) / 32);
  for (int i = 0; i < count_; ++i) {
    Position& at = threads_[std::size_t(i)].at;
    const unsigned u = unsigned(i);
    at.thread = {u % threads.x, u / threads.x % threads.y, u / (threads.x * threads.y)};
    at.threads = threads;
    at.blocks = blocks;
    at.linear = i;
    at.warp = i / 32;
    at.lane = i % 32;
  }
  if (stacks_.count() >= std::size_t(count_)) return;
  stacks_.grow(std::size_t(count_));
  make_fibers();
}

void Executor::make_fibers() {
  fibers_.clear();
  free_.clear();
  for (std::size_t i = 0; i < stacks_.count(); ++i) {
    const auto entry = [](void* self) { static_cast<Executor*>(self)->fiber_loop(); };
    fibers_.emplace_back(stacks_.stack(i), Stacks::bytes(), entry, this);
    free_.push_back(int(i));
  }
}

std::string Executor::run(std::uint64_t block) {
  begin_block(block);
  const int first = scheduler_.take();
  fiber_ = free_.back();
  free_.pop_back();
  threads_[std::size_t(first)].fiber = fiber_;
  enter(first);
  main_.switch_to(fibers_[std::size_t(fiber_)]);
  here = nullptr;
  if (observer_) observer_->block_ends();
  if (error_.empty()) return shared_.check();
  stacks_.forget();  // the fibers stopped anywhere
  make_fibers();
  return std::exchange(error_, {});
}

void Executor::begin_block(std::uint64_t block) {
  const Extent at = {unsigned(block % blocks_.x), unsigned(block / blocks_.x % blocks_.y),
                     unsigned(block / blocks_.x / blocks_.y)};
  for (Thread& thread : threads_) {
    thread.at.block = at;
    thread.state = State::ready;
    thread.fiber = -1;
    thread.copies.clear();
    thread.groups.clear();
  }
  for (std::vector<Group>& groups : warps_) groups.clear();
  done_ = at_barrier_ = barrier_sum_ = 0;
  shared_.begin_block();
  scheduler_.begin(schedule_, count_, block);
  if (observer_) observer_->block_begins();
}

void Executor::enter(int thread) {
  current_ = thread;
  here = &threads_[std::size_t(thread)].at;
}

void Executor::leave_block() { fibers_[std::size_t(fiber_)].switch_to(main_); }

void Executor::leave_for_good() {
  leave_block();
  std::terminate();
}

void Executor::fiber_loop() {
  for (;;) {
    run_thread();
    finish(threads_[std::size_t(current_)]);
    const int mine = fiber_, next = scheduler_.take();
    if (next < 0) {
      if (done_ < count_) stop(Waiting{*this});
      free_.push_back(mine);
      leave_block();
      continue;
    }
    Thread& thread = threads_[std::size_t(next)];
    enter(next);
    if (thread.fiber < 0) {  // one thread after another without a switch
      thread.fiber = mine;
      continue;
    }
    free_.push_back(mine);
    fiber_ = thread.fiber;
    fibers_[std::size_t(mine)].switch_to(fibers_[std::size_t(fiber_)]);
  }
}

void Executor::run_thread() {
  try {
    body_.call(body_.frame);
  } catch (const std::exception& problem) {
    error_ = problem.what();
  }
  if (!error_.empty()) stop(error_);
}

void Executor::finish(Thread& thread) {
  perform(thread, thread.copies.size());
  thread.state = State::done;
  ++done_;
  if (at_barrier_ > 0) stop("left the kernel, but ", Waiting{*this});
  for (const Group& group : warps_[std::size_t(thread.at.warp)]) {
    if (group.mask >> thread.at.lane & 1) {
      stop("left the kernel, but is in the mask of its warp at ", group.site);
    }
  }
}

void Executor::wait() {
  const int self = current_, mine = fiber_, next = scheduler_.take();
  if (next < 0) stop(Waiting{*this});
  if (next == self) return;
  Thread& thread = threads_[std::size_t(next)];
  if (thread.fiber < 0) {
    thread.fiber = free_.back();
    free_.pop_back();
  }
  enter(next);
  fiber_ = thread.fiber;
  fibers_[std::size_t(mine)].switch_to(fibers_[std::size_t(fiber_)]);
}

int Executor::barrier(int value, Site site) {
  Thread& thread = threads_[std::size_t(current_)];
  thread.site = site;
  thread.state = State::at_barrier;
  if (done_ > 0) stop("waits at the barrier ", site, " that a thread has missed");
  if (at_barrier_ > 0 && !same(site, barrier_site_)) {
    stop("divergent barriers: waits at ", site, " while others wait at ", barrier_site_);
  }
  barrier_site_ = site;
  barrier_sum_ += value;
  if (++at_barrier_ == count_) release_barrier();
  wait();
  return barrier_result_;
}

void Executor::release_barrier() {
  barrier_result_ = std::exchange(barrier_sum_, 0);
  at_barrier_ = 0;
  if (observer_) observer_->barrier();
  const bool backwards = schedule_.order == Order::reverse;
  for (int i = 0; i < count_; ++i) {
    const int thread = backwards ? count_ - 1 - i : i;
    threads_[std::size_t(thread)].state = State::ready;
    scheduler_.add(thread);
  }
}

int Executor::lanes() const {
  return std::min(32, count_ - threads_[std::size_t(current_)].at.warp * 32);
}

void Executor::collective(Collective* f, unsigned mask, const void* in, void* out, Site site) {
  Thread& thread = threads_[std::size_t(current_)];
  thread.site = site;
  thread.state = State::in_warp;
  thread.in = in;
  thread.out = out;
  const int first = thread.at.warp * 32;
  if (lanes() < 32) mask &= (1u << lanes()) - 1;
  if (!(mask >> thread.at.lane & 1)) {
    stop("is not in the mask of its own warp operation at ", site);
  }
  std::vector<Group>& groups = warps_[std::size_t(thread.at.warp)];
  const auto group = std::find_if(groups.begin(), groups.end(), [&](const Group& g) {
    return g.collective == f && g.mask == mask;
  });
  const auto index = std::size_t(group - groups.begin());
  if (group == groups.end()) {
    for (int lane = 0; lane < 32; ++lane) {
      if (mask >> lane & 1 && threads_[std::size_t(first + lane)].state == State::done) {
        stop("waits for lane ", lane, " at ", site, ", which left the kernel");
      }
    }
    groups.push_back({f, mask, 0, site});
  }
  Group& joined = groups[index];
  // Lanes may wait for each other at different barriers, but exchange values only in one operation.
  if (f != warp_barrier && !same(joined.site, site)) {
    stop("meets lanes that wait at ", joined.site, " at ", site, ", another warp operation");
  }
  joined.arrived |= 1u << thread.at.lane;
  if (joined.arrived == mask) complete(thread.at.warp, index);
  wait();
}

void Executor::complete(int warp, std::size_t index) {
  std::vector<Group>& groups = warps_[std::size_t(warp)];
  const Group group = groups[index];
  groups.erase(groups.begin() + std::ptrdiff_t(index));
  Thread* lanes = &threads_[std::size_t(warp) * 32];
  const void* in[32] = {};
  void* out[32] = {};
  for (int lane = 0; lane < 32; ++lane) {
    if (!(group.mask >> lane & 1)) continue;
    in[lane] = lanes[lane].in;
    out[lane] = lanes[lane].out;
  }
  group.collective(in, out, group.mask);
  const int width = std::min(32, count_ - warp * 32);
  const bool whole = group.mask == (width == 32 ? ~0u : (1u << width) - 1);
  if (observer_ && whole && group.collective == warp_barrier) observer_->warp_barrier(warp);
  for (int i = 0; i < 32; ++i) {
    const int lane = schedule_.order == Order::reverse ? 31 - i : i;
    if (!(group.mask >> lane & 1)) continue;
    lanes[lane].state = State::ready;
    scheduler_.add(warp * 32 + lane);
  }
}

void Executor::may_yield() {
  if (schedule_.order < Order::random) return;
  scheduler_.add(current_);
  wait();
}

void Executor::copy_async(const Copy& copy, Site site) {
  const auto misaligned = [&](const void* p) { return std::uintptr_t(p) % copy.bytes != 0; };
  if (misaligned(copy.to) || (copy.valid && misaligned(copy.from))) {
    stop("an asynchronous copy of ", copy.bytes, " bytes at ", site,
         " has an address that is not a multiple of them");
  }
  if (!shared_.contains(copy.to)) {
    stop("an asynchronous copy at ", site, " does not go to shared memory");
  }
  Thread& thread = threads_[std::size_t(current_)];
  thread.copies.push_back(copy);
  if (schedule_.copies == Copies::early) perform(thread, thread.copies.size());
}

void Executor::commit_copies() {
  Thread& thread = threads_[std::size_t(current_)];
  std::size_t before = 0;
  for (const std::size_t group : thread.groups) before += group;
  thread.groups.push_back(thread.copies.size() - before);
}

void Executor::wait_copies(int pending) {
  Thread& thread = threads_[std::size_t(current_)];
  std::size_t count = 0;
  while (int(thread.groups.size()) > pending) {
    count += thread.groups.front();
    thread.groups.erase(thread.groups.begin());
  }
  perform(thread, count);
}

void Executor::perform(Thread& thread, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const Copy& copy = thread.copies[i];
    report_access(copy.to, copy.bytes, AccessKind::write, copy.code);
    if (copy.valid) report_access(copy.from, copy.valid, AccessKind::read, copy.code);
    std::memcpy(copy.to, copy.from, copy.valid);
    std::memset(static_cast<std::byte*>(copy.to) + copy.valid, 0, copy.bytes - copy.valid);
  }
  thread.copies.erase(thread.copies.begin(), thread.copies.begin() + std::ptrdiff_t(count));
}

bool Executor::own_memory(const void* address) const {
  const auto in = [p = static_cast<const std::byte*>(address)](const void* from,
                                                               std::size_t bytes) {
    const auto* begin = static_cast<const std::byte*>(from);
    return p >= begin && p < begin + bytes;
  };
  return stacks_.contains(address) || in(threads_.data(), threads_.size() * sizeof(Thread)) ||
         in(this, sizeof *this) || in(body_.frame, body_.bytes) || in(&here, sizeof here);
}

std::ostream& operator<<(std::ostream& out, const Executor::Who& who) {
  const Position& at = who.thread.at;
  return out << "block " << to_string(at.block) << " thread " << to_string(at.thread);
}

// Two places are enough.
std::ostream& operator<<(std::ostream& out, const Executor::Waiting& waiting) {
  const Executor::Thread* first = nullptr;
  for (const auto& thread : waiting.executor.threads_) {
    const bool at_barrier = thread.state == Executor::State::at_barrier;
    if (!at_barrier && thread.state != Executor::State::in_warp) continue;
    if (first && first->state == thread.state && same(first->site, thread.site)) continue;
    out << (first ? ", " : "") << "thread " << to_string(thread.at.thread)
        << (at_barrier ? " waits at the barrier " : " waits for its warp at ") << thread.site;
    if (std::exchange(first, &thread)) break;
  }
  return out << " for threads that never come";
}

}  // namespace dagan::emulator
