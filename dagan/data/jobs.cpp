#include "dagan/data/jobs.h"

#include <omp.h>

#include <algorithm>

namespace dagan {

Jobs::Jobs(std::size_t count, std::function<void(std::size_t)> job)
    : count_(count), job_(std::move(job)), finished_(count), failed_(count) {
  const std::size_t threads =
      std::min(count, std::size_t(std::clamp(omp_get_max_threads(), 1, 16)));
  threads_.reserve(threads);
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

Jobs::~Jobs() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  for (std::thread& thread : threads_) thread.join();
}

void Jobs::work() {
  omp_set_num_threads(1);  // for kernels called from here: the jobs are the parallelism
  std::unique_lock lock(mutex_);
  while (!stopped_ && next_ < count_) {
    const std::size_t index = next_++;
    ++running_;
    lock.unlock();
    std::exception_ptr error;
    try {
      job_(index);
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    --running_;
    if (error) {
      stopped_ = true;
      if (index < failed_) {
        failed_ = index;
        error_ = error;
      }
    } else {
      finished_[index] = true;
      ++done_;
    }
    changed_.notify_all();
  }
}

// The error to report is known only when no job of a smaller number is still running.
void Jobs::stop_and_throw(std::unique_lock<std::mutex>& lock) {
  changed_.wait(lock, [this] { return running_ == 0; });
  std::rethrow_exception(error_);
}

void Jobs::wait(std::size_t index) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return finished_[index] || (error_ && running_ == 0); });
  if (!finished_[index]) stop_and_throw(lock);
}

void Jobs::wait_all() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return done_ == count_ || error_; });
  if (error_) stop_and_throw(lock);
}

}  // namespace dagan
