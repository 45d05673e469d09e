// The contact sheet of a probe set: what went in, what came out, and what is left between them.
#pragma once
#include <span>
#include <string>

#include "core/view.h"
#include "dagan/report/picture.h"

namespace dagan {

struct SheetColumn {
  std::string heading;
  View tensor;          // (N,H,W,C) f32; pictures in [-1,1], C = 1 or 3
  float threshold = 0;  // above 0: maps, C = 1, coloured from 0 to 2 * threshold
};

// One row for each of the N items, one column for each tensor, e.g. input | reconstruction |
// residual. Tiles narrower than a heading are enlarged by whole factors.
// Errors: columns with different N (bug).
Picture contact_sheet(std::span<const SheetColumn> columns);

}  // namespace dagan
