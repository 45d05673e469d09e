// The filters of a PNG's rows (PNG Specification, Third Edition, 9).
#pragma once
#include <cstddef>
#include <cstdint>

namespace dagan::png {

// rows: (height, 1 + row_bytes): the number of a filter and what it left of the row; a pixel has
// `pixel` bytes: 1, 2, 3, 4, 6 or 8. Writes (height, row_bytes). Returns the first row whose filter
// there is not, else `height`.
std::int64_t undo_filters(const std::byte* rows, std::int64_t height, std::int64_t row_bytes,
                          int pixel, std::byte* out);

}  // namespace dagan::png
