// A synthetic inspection set: pictures of a surface, good ones to learn from, and tests with
// defects and their masks, so that a first run needs no download. Whole numbers only, so that a
// seed gives the same bytes on every machine.
//
//   OUT/train/good/000.png  OUT/test/good/000.png  OUT/test/DEFECT/000.png
//   OUT/ground_truth/DEFECT/000_mask.png     255 where the defect is, else 0
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "dagan/data/image.h"

namespace dagan {

struct SynthOptions {
  std::int64_t size = 128;  // pixels, height and width; 32 to 2048
  std::int64_t train = 160, test_good = 40;
  std::int64_t test_defect = 20;  // of each kind of defect
  std::uint64_t seed = 0;
  std::string kind = "texture";
  int channels = 1;  // 1 or 3
};

std::vector<std::string> synthetic_kinds();    // of surfaces: texture (woven), stripes (on metal)
std::vector<std::string> synthetic_defects();  // the same for every kind

struct SynthPicture {
  Image image;  // (1,size,size,channels) u8
  Image mask;   // (1,size,size,1) u8, 0 or 255
};

// Picture `number` of a set: with a defect, or with "" the same piece without one. Fault::usage for
// a kind, a defect, a size or a number of channels that does not exist.
SynthPicture synthetic_picture(const SynthOptions&, std::int64_t number, const std::string& defect);

// Writes a set. No two of its pictures show the same piece. Fault::output when `out` holds
// anything.
void write_synthetic_set(const std::filesystem::path& out, const SynthOptions&);

}  // namespace dagan
