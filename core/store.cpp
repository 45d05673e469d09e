#include "core/store.h"

namespace dagan {

Store::~Store() {
  for (const auto& [name, view] : entries_) runtime_.release(view.data);
}

View Store::entry(const std::string& name, Shape shape, DType dtype) {
  const auto found = entries_.find(name);
  if (found == entries_.end()) {
    void* data = runtime_.allocate(std::size_t(shape.size() * size_of(dtype)));
    return entries_[name] = view_of(static_cast<std::byte*>(data), shape, dtype);
  }
  const View& view = found->second;
  check(Fault::model, view.shape == shape && view.dtype == dtype, "[store] ", name, " is ",
        view.shape, ' ', view.dtype, ", but ", shape, ' ', dtype, " is needed");
  return view;
}

View Store::view(const std::string& name) const {
  const auto found = entries_.find(name);
  check(found != entries_.end(), "[store] there is no entry called ", name);
  return found->second;
}

namespace {

std::size_t bytes_of(View view) { return std::size_t(view.shape.size() * size_of(view.dtype)); }

}  // namespace

void Store::write_bytes(const std::string& name, std::span<const std::byte> bytes) {
  const View to = view(name);
  check(bytes.size() == bytes_of(to), "[store] ", name, ' ', to.shape, " was given ", bytes.size(),
        " bytes");
  runtime_.copy(to.data, bytes.data(), bytes.size());
}

void Store::fill_part(const std::string& name, std::size_t offset, std::size_t size,
                      const std::function<void(std::span<std::byte>)>& fill) {
  const View to = view(name);
  check(offset + size <= bytes_of(to), "[store] ", name, ' ', to.shape, " was given ", size,
        " bytes at ", offset);
  std::byte* part = to.as<std::byte>() + offset;
  if (runtime_.host_memory) return fill({part, size});
  std::vector<std::byte> staging(size);
  fill(staging);
  runtime_.copy(part, staging.data(), size);
}

std::span<const std::byte> Store::host_bytes(const std::string& name,
                                             std::vector<std::vector<std::byte>>& copies) const {
  const View from = view(name);
  if (runtime_.host_memory) return {from.as<const std::byte>(), bytes_of(from)};
  std::vector<std::byte>& copy = copies.emplace_back(bytes_of(from));
  runtime_.copy(copy.data(), from.data, copy.size());
  return copy;
}

}  // namespace dagan
