#include "kernels/emulator/schedule.h"

#include <algorithm>
#include <numeric>
#include <sstream>

namespace dagan::emulator {

std::string to_string(const Schedule& schedule) {
  static constexpr const char* kNames[] = {"sequential", "reverse", "random", "priority"};
  std::ostringstream out;
  out << kNames[int(schedule.order)];
  if (schedule.order >= Order::random) out << " (seed " << schedule.seed << ')';
  out << (schedule.copies == Copies::late ? ", late copies" : ", early copies");
  return out.str();
}

std::vector<Schedule> schedules(int count) {
  std::vector<Schedule> result;
  for (int i = 0; i < count; ++i) {
    const Order order = i == 0   ? Order::sequential
                        : i == 1 ? Order::reverse
                        : i % 2  ? Order::priority
                                 : Order::random;
    for (const Copies copies : {Copies::late, Copies::early}) {
      result.push_back({order, copies, std::uint64_t(i)});
    }
  }
  return result;
}

Schedule& schedule() {
  static thread_local Schedule schedule;
  return schedule;
}

std::uint32_t Scheduler::random(std::uint32_t count) {  // splitmix64
  std::uint64_t z = (state_ += 0x9E3779B97F4A7C15u);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return std::uint32_t(((z ^ (z >> 31)) >> 32) * count >> 32);
}

void Scheduler::begin(const Schedule& schedule, int threads, std::uint64_t block) {
  order_ = schedule.order;
  state_ = schedule.seed * 0xD1342543DE82EF95u + block;
  runnable_.resize(std::size_t(threads));
  std::iota(runnable_.begin(), runnable_.end(), 0);
  if (order_ == Order::reverse) std::reverse(runnable_.begin(), runnable_.end());
  head_ = 0;
  size_ = std::size_t(threads);
  if (order_ != Order::priority) return;
  priority_.resize(std::size_t(threads + 31) / 32);
  for (std::uint32_t& priority : priority_) priority = random(1u << 30);
  steps_ = 0;
  next_change_ = 1 + int(random(std::uint32_t(8 * threads)));
}

void Scheduler::add(int thread) {
  std::size_t at = head_ + size_++;
  if (at >= runnable_.size()) at -= runnable_.size();
  runnable_[at] = thread;
}

int Scheduler::take() {
  if (size_ == 0) return -1;
  if (order_ <= Order::reverse) {
    const int thread = runnable_[head_];
    if (++head_ == runnable_.size()) head_ = 0;
    --size_;
    return thread;
  }
  if (order_ == Order::priority) return take_by_priority();
  std::swap(runnable_[random(std::uint32_t(size_))], runnable_[size_ - 1]);
  return runnable_[--size_];
}

int Scheduler::take_by_priority() {
  if (++steps_ == next_change_) {
    priority_[random(std::uint32_t(priority_.size()))] = random(1u << 30);
    next_change_ += 1 + int(random(std::uint32_t(8 * runnable_.size())));
  }
  const auto key = [this](int thread) {
    return std::pair(priority_[std::size_t(thread) / 32], -thread);
  };
  const auto begin = runnable_.begin(), end = begin + std::ptrdiff_t(size_);
  const auto best = std::max_element(begin, end, [&](int a, int b) { return key(a) < key(b); });
  const int thread = *best;
  *best = runnable_[--size_];
  return thread;
}

}  // namespace dagan::emulator
