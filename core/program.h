// A planned tape, bound to a backend and a store: fixed memory, fixed views. Running it is a loop
// of launches without an allocation or a decision.
#pragma once
#include <memory>
#include <span>
#include <vector>

#include "core/plan.h"
#include "core/store.h"

namespace dagan {

class Program {
 public:
  // The store must outlive the program. Entries that the store lacks are made, filled with zeros.
  // It is prepared.
  Program(const Tape& tape, const Backend& backend, Store& store, PlanOptions options = {});
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program();

  // What ops keep of persistent values (Op::prepare) is what those are now.
  void prepare();
  void run();

  // Inputs are written before a run, outputs and persistent values read after it; contiguous values
  // only.
  template <class T>
  void write(Tensor t, std::span<const T> values) {
    copy_in(t, values.data(), values.size_bytes());
  }
  template <class T>
  void read(Tensor t, std::span<T> values) const {
    copy_out(t, values.data(), values.size_bytes());
  }
  template <class T = float>
  std::vector<T> read(Tensor t) const {
    std::vector<T> values(std::size_t(t.shape().size()));
    read<T>(t, values);
    return values;
  }
  template <class T = float>
  T scalar(Tensor t) const {
    T value;
    copy_out(t, &value, sizeof value);
    return value;
  }

  const Plan& memory() const { return plan_; }
  std::int64_t kept_bytes() const { return kept_bytes_; }  // beside the plan's arena

 private:
  struct Step {
    std::shared_ptr<const Op> op;
    std::vector<View> in, out;
    Launch launch;
  };

  View bind(const std::vector<Value>& values, int id, Store& store) const;
  void copy_in(Tensor t, const void* from, std::size_t bytes);
  void copy_out(Tensor t, void* to, std::size_t bytes) const;
  const View& host_view(Tensor t, std::size_t bytes, bool writing) const;

  Backend backend_;
  Plan plan_;
  std::unique_ptr<std::byte, void (*)(void*)> arena_, kept_;
  std::int64_t kept_bytes_ = 0;
  std::vector<View> views_;  // by value id
  std::vector<Life> lives_;
  std::vector<Step> steps_;
  void* graph_ = nullptr;  // the backend's recording of the steps
};

}  // namespace dagan
