#include "dagan/cli/inputs.h"

#include <glob.h>

#include <algorithm>
#include <istream>
#include <map>
#include <set>

#include "core/check.h"
#include "dagan/data/file.h"
#include "dagan/data/folder.h"

namespace dagan {
namespace {

namespace fs = std::filesystem;

class Inputs {
 public:
  void add(const fs::path& path) {
    std::error_code unreadable;
    if (!fs::is_directory(path, unreadable)) return add_file(path, path.filename());
    const Listing listing = list_images(path, Depth::tree);
    check(Fault::data, !listing.images.empty(), shown(path),
          ": the folder holds no images (png, jpeg, bmp, tiff, pgm, ppm)");
    for (const fs::path& image : listing.images) add_file(image, image.lexically_relative(path));
  }

  // Gives every input a label of its own: those that share one get their folder's name in front,
  // and where that is not enough, a number behind.
  std::vector<Input> take() {
    std::map<fs::path, int> count;
    for (const Input& input : inputs_) ++count[input.label];
    std::set<fs::path> used;
    for (Input& input : inputs_) {
      const fs::path folder = fs::absolute(input.file).parent_path().filename();
      if (count[input.label] > 1) {
        input.label.replace_filename(text(folder.string(), "_", input.label.filename().string()));
      }
      const fs::path label = input.label;
      for (int copy = 2; !used.insert(input.label).second; ++copy) {
        input.label = text(label.string(), "-", copy);
      }
    }
    return std::move(inputs_);
  }

 private:
  void add_file(const fs::path& file, fs::path label) {
    inputs_.push_back({file, label.replace_extension()});
  }

  std::vector<Input> inputs_;
};

bool exists(const fs::path& path) {
  std::error_code unreadable;
  return fs::exists(path, unreadable);
}

std::vector<fs::path> matches(const std::string& pattern) {
  glob_t found{};
  std::vector<fs::path> paths;
  if (glob(pattern.c_str(), 0, nullptr, &found) == 0) {
    paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  }
  globfree(&found);
  check(Fault::data, !paths.empty(), "no file matches ", shown(pattern));
  std::sort(paths.begin(), paths.end(), [](const fs::path& a, const fs::path& b) {
    return natural_less(a.native(), b.native());
  });
  return paths;
}

}  // namespace

std::vector<Input> expand_inputs(const std::vector<std::string>& words, std::istream& list) {
  Inputs inputs;
  for (const std::string& word : words) {
    if (word == "-") {
      for (std::string line; std::getline(list, line);) {
        if (line.ends_with('\r')) line.pop_back();
        if (!line.empty()) inputs.add(line);
      }
    } else if (!exists(word) && word.find_first_of("*?[") != std::string::npos) {
      for (const fs::path& path : matches(word)) inputs.add(path);
    } else {
      inputs.add(word);
    }
  }
  std::vector<Input> all = inputs.take();
  check(Fault::data, !all.empty(), "no images: the list on standard input is empty");
  return all;
}

}  // namespace dagan
