#include "dagan/cli/pictures.h"

#include <cmath>

#include "core/check.h"
#include "dagan/data/file.h"
#include "dagan/report/heat_map.h"

namespace dagan {
namespace fs = std::filesystem;
namespace {

void write_picture(const fs::path& folder, const fs::path& label, const Picture& picture) {
  fs::path file = folder / label;
  file += ".png";
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
}

void Pictures::write(const fs::path& label, const Image& image, std::span<const float> map) const {
  if (heat_maps_.empty() && overlays_.empty()) return;
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
