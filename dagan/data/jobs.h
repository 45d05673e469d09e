// Numbered jobs on background threads, started in order.
#pragma once
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace dagan {

// Calls job(i) for i in [0, count), each at most once, from as many threads as kernels have where
// it is made (at most 16). After a job has thrown, no further one starts. Jobs start in order, so
// all before the first that fails have started: which one that is does not depend on the number of
// threads.
class Jobs {
 public:
  Jobs(std::size_t count, std::function<void(std::size_t)> job);
  ~Jobs();  // starts no further job and waits for the running ones
  Jobs(const Jobs&) = delete;
  Jobs& operator=(const Jobs&) = delete;

  // Blocks until job `index` is done; throws what the first failing job threw if it never will be.
  void wait(std::size_t index);
  void wait_all();  // every job

 private:
  void work();
  void stop_and_throw(std::unique_lock<std::mutex>& lock);

  const std::size_t count_;
  const std::function<void(std::size_t)> job_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t next_ = 0, done_ = 0, running_ = 0;  // guarded by mutex_, as everything below
  std::vector<bool> finished_;
  std::size_t failed_;  // the smallest index that threw, or count_
  std::exception_ptr error_;
  bool stopped_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace dagan
