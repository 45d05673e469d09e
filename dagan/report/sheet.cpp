#include "dagan/report/sheet.h"

#include <vector>

#include "core/check.h"

namespace dagan {

Picture contact_sheet(std::span<const SheetColumn> columns) {
  check(!columns.empty(), "[contact_sheet] no columns");
  const std::int64_t rows = columns[0].tensor.shape.n;
  std::vector<std::vector<Picture>> tiles(static_cast<std::size_t>(rows));
  std::vector<std::string> headings;
  for (const SheetColumn& column : columns) {
    const Shape shape = column.tensor.shape;
    check(shape.n == rows, "[contact_sheet] ", column.heading, " ", shape, " has ", shape.n,
          " rows, ", columns[0].heading, " has ", rows);
    const std::int64_t wanted = text_width("reconstruction") + 4;
    const int factor = int((wanted + shape.w - 1) / shape.w);
    for (std::int64_t n = 0; n < rows; ++n) {
      const Picture tile = column.threshold > 0 ? draw_map(column.tensor, n, column.threshold)
                                                : draw_tensor(column.tensor, n);
      tiles[std::size_t(n)].push_back(tile.enlarged(factor));
    }
    headings.push_back(column.heading);
  }
  return grid(tiles, headings);
}

}  // namespace dagan
