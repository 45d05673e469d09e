// Where the defect is, at the size of the picture, on a colour scale from 0 to twice the threshold:
// the same colour means the same suspicion in every picture of one model.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "core/view.h"
#include "dagan/data/image.h"
#include "dagan/report/picture.h"
#include "kernels/image/image.h"

namespace dagan {

// A network's map (1,h,w,1) f32 at the size of a picture, bilinear. Result (height, width).
std::vector<float> resized_map(View map, std::int64_t height, std::int64_t width);

// map (height, width), one pixel of the picture for each value and nothing else.
Picture draw_heat_map(std::span<const float> map, std::int64_t height, std::int64_t width,
                      float threshold);

// The image in grey with the map over it: nothing up to half the threshold, a faint tint up to the
// threshold, strong colour above it, and a line around each region above it. map (H, W) of the
// image.
Picture draw_overlay(const Image& image, Levels levels, std::span<const float> map,
                     float threshold);

}  // namespace dagan
