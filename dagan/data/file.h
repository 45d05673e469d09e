// Whole files: read within a limit, written so that no reader ever sees half of one.
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace dagan {

// A path as it is shown in a message: control characters, which would break the line, become '?'.
std::string shown(const std::filesystem::path& path);

// Fault::data when it is missing, not a plain file, unreadable, or longer than `limit` bytes.
std::vector<std::byte> read_file(const std::filesystem::path& file, std::uintmax_t limit);

// Writes a temporary (`file`.tmp-PID-N) and renames it to `file`. On an error (Fault::output) the
// temporary is removed and an older `file` is untouched. Not synced to the disk: pictures can be
// remade.
void write_file(const std::filesystem::path& file, std::span<const std::byte> bytes);

}  // namespace dagan
