// Drawing: a picture of 8-bit colours, made to be looked at. Whatever lies outside is clipped.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/view.h"
#include "dagan/data/image.h"
#include "dagan/report/colour.h"
#include "kernels/image/image.h"

namespace dagan {

class Picture {
 public:
  Picture(std::int64_t height, std::int64_t width, Rgb background = kBlack);

  std::int64_t height() const { return image_.shape.h; }
  std::int64_t width() const { return image_.shape.w; }
  Rgb at(std::int64_t y, std::int64_t x) const { return data()[y * width() + x]; }
  void set(std::int64_t y, std::int64_t x, Rgb colour) { data()[y * width() + x] = colour; }

  // (y, x) is the top left corner.
  void fill(std::int64_t y, std::int64_t x, std::int64_t height, std::int64_t width, Rgb colour);
  void paste(const Picture& other, std::int64_t y, std::int64_t x);
  void write(std::int64_t y, std::int64_t x, std::string_view words, Rgb colour, int scale = 1);

  Picture enlarged(int factor) const;  // every pixel becomes factor * factor

  const Image& image() const { return image_; }  // (1,H,W,3) u8

 private:
  Rgb* data() { return reinterpret_cast<Rgb*>(image_.pixels.data()); }
  const Rgb* data() const { return reinterpret_cast<const Rgb*>(image_.pixels.data()); }

  Image image_;
};

std::int64_t text_width(std::string_view words, int scale = 1);  // pixels
// As much of the words as fits, the last three characters dots where some were dropped.
std::string fitted(std::string_view words, std::int64_t width, int scale = 1);

// Camera values as colours: levels.low is black, levels.high is white.
Picture draw_image(const Image& image, Levels levels);
// Picture n of x (N,H,W,C) f32, C = 1 or 3: -1 is black, 1 is white.
Picture draw_tensor(View x, std::int64_t n);
// Map n of x (N,H,W,1) f32 on the colour scale from 0 to 2 * threshold.
Picture draw_map(View x, std::int64_t n, float threshold);

// Rows of pictures with gaps of one pixel. Each column is as wide as its widest picture, each row
// as high as its highest. `headings`: one a column, or none.
Picture grid(std::span<const std::vector<Picture>> rows, std::span<const std::string> headings);

}  // namespace dagan
