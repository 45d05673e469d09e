// Which files of a folder are pictures, in an order that is the same on every machine.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace dagan {

// Runs of digits compare as numbers (2 before 10), everything else byte by byte.
bool natural_less(std::string_view a, std::string_view b);

// By extension, in small or capital letters: png jpg jpeg bmp tif tiff pgm ppm pnm. Hidden files
// are no pictures: some systems put a "._x.png" beside each x.png.
bool has_image_extension(const std::filesystem::path& file);

// good, ok, normal or 0.normal, in small or capital letters.
bool is_good_name(const std::filesystem::path& folder);

std::string lower_case(std::string text);  // of A to Z

struct Listing {
  std::vector<std::filesystem::path> images;  // in natural order
  std::int64_t others = 0;                    // files that are no pictures, hidden ones not counted
  std::filesystem::path first_other;
};

enum class Depth { folder, tree };

// A link to a folder is not followed. Fault::data when the folder is missing or cannot be read.
Listing list_images(const std::filesystem::path& folder, Depth depth);

// The folders directly inside, in natural order, links included, hidden ones not.
std::vector<std::filesystem::path> list_folders(const std::filesystem::path& folder);

}  // namespace dagan
