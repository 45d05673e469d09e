// Everything that outlives a step, by name: parameters, moments, running statistics, counters.
// Training, evaluation and detection are different programs bound to one store.
#pragma once
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/backend.h"
#include "core/check.h"

namespace dagan {

class Store {
 public:
  explicit Store(const Runtime& runtime) : runtime_(runtime) {}
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // The entry of that name, made of zeros if there is none; throws if it has another shape or type.
  View entry(const std::string& name, Shape shape, DType dtype = DType::f32);

  bool has(const std::string& name) const { return entries_.count(name) > 0; }
  View view(const std::string& name) const;  // throws if there is none
  const std::map<std::string, View>& entries() const { return entries_; }

  // Whole entries, as the host sees them; T must have the size of the entry's type.
  template <class T>
  std::vector<T> read(const std::string& name) const {
    const View view = this->view(name);
    check(std::int64_t(sizeof(T)) == size_of(view.dtype), "[store] ", name, " holds ", view.dtype);
    std::vector<T> values(std::size_t(view.shape.size()));
    runtime_.copy(values.data(), view.data, values.size() * sizeof(T));
    return values;
  }
  template <class T>
  void write(const std::string& name, std::span<const T> values) {
    check(std::int64_t(sizeof(T)) == size_of(view(name).dtype), "[store] ", name, " holds ",
          view(name).dtype);
    write_bytes(name, std::as_bytes(values));
  }
  void write_bytes(const std::string& name, std::span<const std::byte> bytes);
  // A part of an entry, `offset` bytes in: fill(bytes) is called once, with the entry's memory
  // where the host may write there, else with memory whose contents are copied.
  void fill_part(const std::string& name, std::size_t offset, std::size_t size,
                 const std::function<void(std::span<std::byte>)>& fill);
  template <class T>
  void set(const std::string& name, T value) {
    write<T>(name, std::span<const T>(&value, 1));
  }

  // An entry's bytes, to be read at once: in place where the host can, else in a new vector of
  // `copies`.
  std::span<const std::byte> host_bytes(const std::string& name,
                                        std::vector<std::vector<std::byte>>& copies) const;

 private:
  Runtime runtime_;
  std::map<std::string, View> entries_;
};

}  // namespace dagan
