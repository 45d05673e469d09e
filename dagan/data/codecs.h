// What the readers of single formats share. Each decodes one file's bytes or throws Fault::data
// with one line that begins with `name`.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "core/check.h"
#include "dagan/data/image.h"

namespace dagan {

using Bytes = std::span<const std::byte>;

Image decode_png(Bytes bytes, const std::string& name);
Image decode_jpeg(Bytes bytes, const std::string& name);
Image decode_bmp(Bytes bytes, const std::string& name);
Image decode_tiff(Bytes bytes, const std::string& name);
Image decode_pnm(Bytes bytes, const std::string& name);

// Refuses what a header claims before any memory is taken for it.
void check_extent(std::uint64_t width, std::uint64_t height, const std::string& name);

// Drops the last of `channels` interleaved channels (2: grey, 4: colour) if it is opaque
// everywhere.
Image without_opacity(Image image, const std::string& name);

// Keeps the first of three channels, for pictures whose palette has only greys.
Image first_channel(const Image& image);

template <class... Parts>
[[noreturn]] void damaged(const std::string& name, const Parts&... parts) {
  fail(Fault::data, name, ": ", parts...,
       "; the file is damaged or incomplete: copy or export it again");
}

template <class... Parts>
[[noreturn]] void unsupported(const std::string& name, const Parts&... parts) {
  fail(Fault::data, name, ": ", parts..., "; save it as a grey or RGB PNG of 8 or 16 bits");
}

}  // namespace dagan
