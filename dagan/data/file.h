// Whole files: read within a limit, written so that no reader ever sees half of one.
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <string_view>

#include "core/memory.h"

namespace dagan {

// A path as it is shown in a message: control characters, which would break the line, become '?'.
std::string shown(const std::filesystem::path& path);

// A file from its start on. Fault::data when it is missing, not a plain file, unreadable, longer
// than `limit` bytes, or ends too soon.
class FileReader {
 public:
  explicit FileReader(const std::filesystem::path& file, std::uintmax_t limit = UINTMAX_MAX);

  std::uintmax_t size() const { return size_; }
  void read(std::span<std::byte> to);  // the next bytes

 private:
  std::string name_;
  std::uintmax_t size_ = 0;
  std::ifstream in_;
};

// The whole of it.
FileBytes read_file(const std::filesystem::path& file, std::uintmax_t limit);

// Whether a file must survive a power failure (file and folder are synced) or can be remade.
enum class Durability { remade, synced };

// Writes a temporary (`file`.tmp-PID-N), piece by piece, and renames it to `file`. On an error
// (Fault::output) the temporary is removed and an older `file` is untouched.
void write_file(const std::filesystem::path& file,
                std::span<const std::span<const std::byte>> pieces, Durability durability);
void write_file(const std::filesystem::path& file, std::span<const std::byte> bytes);
void write_file(const std::filesystem::path& file, std::string_view text);

// Removes temporaries of `file` that a killed process left behind.
void remove_temporaries(const std::filesystem::path& file);

// A field of a CSV line, quoted where RFC 4180 asks for it.
std::string csv_field(const std::string& text);

}  // namespace dagan
