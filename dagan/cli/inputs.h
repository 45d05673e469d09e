// From the words of a command line to the images they mean.
#pragma once
#include <filesystem>
#include <iosfwd>
#include <string>
#include <vector>

namespace dagan {

struct Input {
  std::filesystem::path file;
  // Names what is written about it: the path below the folder that was given, without extension; no
  // two inputs have the same one.
  std::filesystem::path label;
};

// An image, a folder (all images below it, in natural order), a pattern with * ? [ ], or "-": one
// path a line from `list`. A path that names nothing stays, to be reported when it is read. Throws
// Fault::data for a folder without images and for a pattern that matches nothing.
std::vector<Input> expand_inputs(const std::vector<std::string>& words, std::istream& list);

}  // namespace dagan
