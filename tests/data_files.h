// Folders, files and pictures that the tests of the data make for themselves.
#pragma once
#include <doctest/doctest.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/check.h"
#include "core/random.h"
#include "dagan/data/image.h"

namespace dagan::testing {

using Buffer = std::vector<std::byte>;

class TemporaryFolder {
 public:
  TemporaryFolder() {
    static std::atomic<int> count = 0;
    path_ = std::filesystem::temp_directory_path() / text("dagan-test-", getpid(), "-", count++);
    std::filesystem::create_directories(path_);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

  // Writes a file with the folders that it needs.
  std::filesystem::path put(std::string_view name, std::span<const std::byte> bytes) const {
    const std::filesystem::path file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), std::streamsize(bytes.size()));
    return file;
  }
  std::filesystem::path put(std::string_view name, std::string_view bytes) const {
    return put(name, std::as_bytes(std::span(bytes)));
  }

 private:
  std::filesystem::path path_;
};

// Random numbers from 0 to `largest`, a function of the seed.
inline Image noise(Shape shape, DType dtype, std::uint64_t seed, std::uint32_t largest = 255) {
  Image image = make_image(shape, dtype);
  for (std::int64_t i = 0; i < shape.size(); ++i) {
    const std::uint32_t value = below(largest + 1, Philox{seed}.words(0, std::uint64_t(i))[0]);
    if (dtype == DType::u8) image.view().as<std::uint8_t>()[i] = std::uint8_t(value);
    if (dtype == DType::u16) image.view().as<std::uint16_t>()[i] = std::uint16_t(value);
  }
  return image;
}

inline bool equal(const Image& a, const Image& b) {
  return a.shape == b.shape && a.dtype == b.dtype && a.pixels == b.pixels;
}

// The message of the Error that `f` must throw; it is one line and of the kind `fault`.
template <class F>
std::string error_of(Fault fault, F&& f) {
  try {
    f();
  } catch (const Error& error) {
    CHECK_MESSAGE(error.fault() == fault, error.what());
    CHECK_MESSAGE(std::strchr(error.what(), '\n') == nullptr, error.what());
    return error.what();
  }
  FAIL_CHECK("nothing was thrown");
  return "";
}

// The message and exit code of what `f` throws; empty and 0 if it throws nothing.
template <class F>
std::pair<std::string, int> error_of(F&& f) {
  try {
    f();
  } catch (const Error& error) {
    return {error.what(), int(error.fault())};
  }
  return {"", 0};
}

inline bool contains(const std::string& whole, std::string_view part) {
  return whole.find(part) != std::string::npos;
}

// Takes `whole` once: doctest evaluates what it logs while it holds a lock, and a check in there
// would wait for it for ever.
#define CHECK_CONTAINS(whole, part)                                                           \
  do {                                                                                        \
    const std::string whole_text = (whole);                                                   \
    CHECK_MESSAGE(::dagan::testing::contains(whole_text, part), whole_text, " lacks ", part); \
  } while (false)

}  // namespace dagan::testing
