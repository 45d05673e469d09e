// Heat maps and overlays that a command was asked to write.
#pragma once
#include <filesystem>
#include <span>

#include "dagan/cli/inputs.h"
#include "dagan/data/image.h"
#include "kernels/image/image.h"

namespace dagan {

class Pictures {
 public:
  // Folders to write to; empty: none of that kind. Makes them; throws Fault::output, and
  // Fault::usage where both are the same.
  Pictures(std::filesystem::path heat_maps, std::filesystem::path overlays, Levels levels,
           float threshold);

  // Throws Fault::output where writing under one of the labels would replace one of the files.
  void check_replace_none(std::span<const Input> inputs) const;

  // map (size,size) of the image. Writes FOLDER/label.png at the image's own size, in colours that
  // run from 0 to twice the threshold.
  void write(const std::filesystem::path& label, const Image& image,
             std::span<const float> map) const;

 private:
  bool any() const { return !heat_maps_.empty() || !overlays_.empty(); }

  std::filesystem::path heat_maps_, overlays_;
  Levels levels_;
  float threshold_;
};

// Throws Fault::output.
void make_folder(const std::filesystem::path& folder);

}  // namespace dagan
