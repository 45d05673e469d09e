// From a picture of a camera to what the networks see; the same function for training and
// detection.
#pragma once
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "core/view.h"
#include "dagan/data/image.h"
#include "dagan/recipe/recipe.h"
#include "kernels/image/image.h"

namespace dagan {

// Belongs into the model's file: a picture that does not fit it is refused, never converted.
struct Preprocessing {
  std::int64_t size = 64;     // pixels, height and width of the result; other shapes are stretched
  std::int64_t channels = 1;  // 1 or 3, of the picture and of the result
  Levels levels = {};         // the camera's values that become -1 and 1; others are not clipped
  DType dtype = DType::u8;    // of the picture
  std::int64_t height = 0, width = 0;  // of the picture; 0: any

  std::int64_t elements() const { return size * size * channels; }
};

// Writes (size,size,channels) numbers to `out`. Errors (Fault::data), beginning with `name`:
// another number of channels, bit depth or size than `how` says, which was set by `reference` ("the
// model", or the file that the settings were taken from).
void preprocess(const Image& image, const Preprocessing& how, float* out, const std::string& name,
                const std::string& reference = "the model");

// From the training pictures alone. Channels, depth and size are the first picture's; the others
// are held against it when they are preprocessed. Levels "auto": 8 bit 0 to 255; 16 bit 0 to the
// smallest of 1023, 4095, 16383 and 65535 that holds the largest value in any picture (which reads
// them all, on all threads). "full": 0 to 255 or 65535. "LOW:HIGH": as given. Errors: Fault::usage
// for a malformed recipe value, or channels that the pictures do not have; Fault::data for pictures
// that cannot be read.
Preprocessing decide_preprocessing(std::span<const std::filesystem::path> files,
                                   const Recipe::Data& data);

}  // namespace dagan
