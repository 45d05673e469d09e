#include "dagan/data/folder.h"

#include <algorithm>
#include <array>
#include <system_error>

#include "core/check.h"
#include "dagan/data/file.h"

namespace dagan {
namespace fs = std::filesystem;
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Cuts the number at the front of `text`, without leading zeros.
std::string_view take_number(std::string_view& text) {
  const auto count =
      std::size_t(std::find_if_not(text.begin(), text.end(), is_digit) - text.begin());
  std::string_view number = text.substr(0, count);
  text.remove_prefix(count);
  number.remove_prefix(std::min(number.find_first_not_of('0'), number.size()));
  return number;
}

bool is_hidden(const fs::path& path) { return path.filename().string().starts_with('.'); }

[[noreturn]] void cannot_list(const fs::path& folder, const std::error_code& error) {
  fail(Fault::data, shown(folder), ": the folder cannot be read: ", error.message(),
       "; check the path and its permissions");
}

void sort_naturally(std::vector<fs::path>& paths) {
  std::sort(paths.begin(), paths.end(), [](const fs::path& a, const fs::path& b) {
    return natural_less(a.native(), b.native());
  });
}

void list_into(const fs::path& folder, Depth depth, Listing& listing) {
  std::error_code error;
  std::vector<fs::path> others;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const fs::path& path = entry->path();
    if (is_hidden(path)) continue;
    std::error_code ignored;
    if (entry->is_directory(ignored)) {
      if (depth == Depth::tree && !entry->is_symlink(ignored)) list_into(path, depth, listing);
    } else if (has_image_extension(path)) {
      listing.images.push_back(path);
    } else {
      others.push_back(path);
    }
  }
  if (error) cannot_list(folder, error);
  sort_naturally(others);
  if (listing.others == 0 && !others.empty()) listing.first_other = others.front();
  listing.others += std::int64_t(others.size());
}

}  // namespace

bool natural_less(std::string_view a, std::string_view b) {
  const std::string_view whole_a = a, whole_b = b;
  while (!a.empty() && !b.empty()) {
    if (is_digit(a.front()) && is_digit(b.front())) {
      const std::string_view x = take_number(a), y = take_number(b);
      if (x.size() != y.size()) return x.size() < y.size();
      if (x != y) return x < y;
    } else {
      const auto x = static_cast<unsigned char>(a.front()),
                 y = static_cast<unsigned char>(b.front());
      if (x != y) return x < y;
      a.remove_prefix(1);
      b.remove_prefix(1);
    }
  }
  if (a.empty() != b.empty()) return a.empty();
  return whole_a < whole_b;  // the same but for leading zeros
}

std::string lower_case(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c;
  return text;
}

bool is_good_name(const fs::path& folder) {
  const std::string name = lower_case(folder.filename().string());
  return name == "good" || name == "ok" || name == "normal" || name == "0.normal";
}

bool has_image_extension(const fs::path& file) {
  constexpr std::array<std::string_view, 9> kExtensions = {".png",  ".jpg", ".jpeg", ".bmp", ".tif",
                                                           ".tiff", ".pgm", ".ppm",  ".pnm"};
  const std::string extension = lower_case(file.extension().string());
  return !is_hidden(file) &&
         std::find(kExtensions.begin(), kExtensions.end(), extension) != kExtensions.end();
}

Listing list_images(const fs::path& folder, Depth depth) {
  Listing listing;
  list_into(folder, depth, listing);
  sort_naturally(listing.images);
  return listing;
}

std::vector<fs::path> list_folders(const fs::path& folder) {
  std::vector<fs::path> folders;
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    std::error_code ignored;
    if (!is_hidden(entry->path()) && entry->is_directory(ignored)) folders.push_back(entry->path());
  }
  if (error) cannot_list(folder, error);
  sort_naturally(folders);
  return folders;
}

}  // namespace dagan
