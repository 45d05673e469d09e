#include "dagan/cli/pictures.h"

#include <cmath>
#include <set>

#include "core/check.h"
#include "dagan/data/file.h"
#include "dagan/report/heat_map.h"

namespace dagan {
namespace fs = std::filesystem;
namespace {

fs::path picture_file(const fs::path& folder, const fs::path& label) {
  fs::path file = folder / label;
  return file += ".png";
}

void write_picture(const fs::path& folder, const fs::path& label, const Picture& picture) {
  const fs::path file = picture_file(folder, label);
  if (label.has_parent_path()) make_folder(file.parent_path());
  write_png(file, picture.image());
}

}  // namespace

void make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  check(Fault::output, !error && fs::is_directory(folder, error), shown(folder),
        ": the folder cannot be made: ", error.message(), "; choose another one");
}

Pictures::Pictures(fs::path heat_maps, fs::path overlays, Levels levels, float threshold)
    : heat_maps_(std::move(heat_maps)),
      overlays_(std::move(overlays)),
      levels_(levels),
      threshold_(threshold) {
  for (const fs::path& folder : {heat_maps_, overlays_}) {
    if (!folder.empty()) make_folder(folder);
  }
  std::error_code error;
  check(Fault::usage, heat_maps_.empty() || !fs::equivalent(heat_maps_, overlays_, error),
        shown(heat_maps_),
        ": is the folder of both --heatmap and --overlay, whose pictures have the ",
        "same names; choose another one for one of them");
}

void Pictures::check_replace_none(std::span<const Input> inputs) const {
  if (!any()) return;
  std::set<fs::path> files;
  std::error_code error;
  for (const Input& input : inputs) files.insert(fs::weakly_canonical(input.file, error));
  for (const fs::path& folder : {heat_maps_, overlays_}) {
    if (folder.empty()) continue;
    for (const Input& input : inputs) {
      const fs::path file = picture_file(folder, input.label);
      check(Fault::output,
            !fs::exists(file, error) || !files.contains(fs::weakly_canonical(file, error)),
            shown(file),
            ": is an image to judge, and its picture would replace it; choose another ", "folder");
    }
  }
}

void Pictures::write(const fs::path& label, const Image& image, std::span<const float> map) const {
  if (!any()) return;
  const auto size = std::int64_t(std::lround(std::sqrt(double(map.size()))));
  const Shape shape = image.shape;
  const std::vector<float> large =
      resized_map(view_of(map.data(), {1, size, size, 1}), shape.h, shape.w);
  if (!heat_maps_.empty()) {
    write_picture(heat_maps_, label, draw_heat_map(large, shape.h, shape.w, threshold_));
  }
  if (!overlays_.empty()) {
    write_picture(overlays_, label, draw_overlay(image, levels_, large, threshold_));
  }
}

}  // namespace dagan
