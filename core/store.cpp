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
  check(Fault::model, view.shape == shape && view.dtype == dtype, "[store] ", name, " is ", view.shape,
        ' ', view.dtype, ", but ", shape, ' ', dtype, " is needed");
  return view;
}

View Store::view(const std::string& name) const {
  const auto found = entries_.find(name);
  check(found != entries_.end(), "[store] there is no entry called ", name);
  return found->second;
}

}  // namespace dagan
