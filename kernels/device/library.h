// A shared library that may be missing: found when it is first asked for, never needed to start.
#pragma once
#include <initializer_list>
#include <string>

namespace dagan {

class Library {
 public:
  // The first of the names that the loader finds.
  explicit Library(std::initializer_list<const char*> names);

  // Sets `function`, a pointer to one, to the symbol of that name, or to null.
  template <class F>
  void find(const char* name, F*& function) {
    function = reinterpret_cast<F*>(symbol(name));
  }

  // Why it cannot be used: it or one of its symbols was not found. Empty: it can.
  const std::string& missing() const { return missing_; }

 private:
  void* symbol(const char* name);

  void* handle_ = nullptr;  // open as long as the program runs
  std::string missing_;
};

}  // namespace dagan
