#include "kernels/device/library.h"

#include <dlfcn.h>

namespace dagan {

Library::Library(std::initializer_list<const char*> names) {
  for (const char* name : names) {
    handle_ = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (handle_ != nullptr) {
      missing_.clear();
      return;
    }
    missing_ += missing_.empty() ? "there is no " : " or ";
    missing_ += name;
  }
}

void* Library::symbol(const char* name) {
  if (handle_ == nullptr) return nullptr;
  void* const found = dlsym(handle_, name);
  if (found == nullptr) missing_ = std::string("it has no ") + name;
  return found;
}

}  // namespace dagan
