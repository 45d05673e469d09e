// A picture of how the generator does: input | reconstruction | residual, a row an image.
#pragma once
#include <filesystem>
#include <span>

namespace dagan {

// Both (n,size,size,channels), in [-1,1]. Errors: Fault::output.
void write_sample_sheet(const std::filesystem::path& file, std::int64_t size, std::int64_t channels,
                        std::span<const float> images, std::span<const float> reconstructions);

}  // namespace dagan
