#include "dagan/data/png_filters.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <vector>

#include "core/check.h"

namespace dagan::png {
namespace {

using Byte = std::uint8_t;
// The compiler's own vectors: a pixel fits into one of any processor.
typedef std::int16_t V __attribute__((vector_size(16)));
typedef Byte Bytes __attribute__((vector_size(8)));

template <int kPixel>
V load(const Byte* from) {
  std::uint64_t word = 0;
  for (int c = 0; c < kPixel; ++c) word |= std::uint64_t(from[c]) << (8 * c);
  return __builtin_convertvector(std::bit_cast<Bytes>(word), V);
}

template <int kPixel>
void store(V v, Byte* to) {
  const auto word = std::bit_cast<std::uint64_t>(__builtin_convertvector(v, Bytes));
  for (int c = 0; c < kPixel; ++c) to[c] = Byte(word >> (8 * c));
}

// What is left, above, and left of what is above.
struct Neighbours {
  V left, above, corner;
};

// The neighbour closest to left + above - corner. Let lo <= hi be the first two: that is hi where
// 3 corner <= 2 lo + hi, lo where 3 corner >= lo + 2 hi, and else the corner.
V paeth(const Neighbours& n) {
  const V lo = n.left < n.above ? n.left : n.above, hi = n.left < n.above ? n.above : n.left;
  const V rest = n.corner * 3 - (n.left + n.above);
  return rest <= lo ? hi : hi <= rest ? lo : n.corner;
}

// One row of a filter that reads what is left: y = x + predict(neighbours), modulo 256. All bytes
// of a pixel at once, and the pixel before stays in a register.
template <int kPixel, class Predict>
void undo_row(const Byte* x, const Byte* above, Byte* y, std::int64_t n, Predict predict) {
  Neighbours at{};
  for (std::int64_t i = 0; i < n; i += kPixel) {
    at.above = load<kPixel>(above + i);
    at.left = (load<kPixel>(x + i) + predict(at)) & 255;
    at.corner = at.above;
    store<kPixel>(at.left, y + i);
  }
}

template <int kPixel>
bool undo_filter(int filter, const Byte* x, const Byte* above, Byte* y, std::int64_t n) {
  switch (filter) {
    case 0: std::copy_n(x, n, y); return true;
    case 1:
      undo_row<kPixel>(x, above, y, n, [](const Neighbours& of) { return of.left; });
      return true;
    case 2:
      for (std::int64_t i = 0; i < n; ++i) y[i] = Byte(x[i] + above[i]);
      return true;
    case 3:
      undo_row<kPixel>(x, above, y, n,
                       [](const Neighbours& of) { return (of.left + of.above) >> 1; });
      return true;
    case 4: undo_row<kPixel>(x, above, y, n, paeth); return true;
    default: return false;
  }
}

template <int kPixel>
std::int64_t undo(const Byte* rows, std::int64_t height, std::int64_t n, Byte* out) {
  const std::vector<Byte> nothing(static_cast<std::size_t>(n));  // above the first row
  const Byte* above = nothing.data();
  for (std::int64_t row = 0; row < height; ++row, rows += 1 + n) {
    Byte* y = out + row * n;
    if (!undo_filter<kPixel>(rows[0], rows + 1, above, y, n)) return row;
    above = y;
  }
  return height;
}

}  // namespace

std::int64_t undo_filters(const std::byte* rows, std::int64_t height, std::int64_t row_bytes,
                          int pixel, std::byte* out) {
  const auto* from = reinterpret_cast<const Byte*>(rows);
  auto* to = reinterpret_cast<Byte*>(out);
  switch (pixel) {
    case 1: return undo<1>(from, height, row_bytes, to);
    case 2: return undo<2>(from, height, row_bytes, to);
    case 3: return undo<3>(from, height, row_bytes, to);
    case 4: return undo<4>(from, height, row_bytes, to);
    case 6: return undo<6>(from, height, row_bytes, to);
    case 8: return undo<8>(from, height, row_bytes, to);
    default: fail(Fault::bug, "[png] no pixel has ", pixel, " bytes");
  }
}

}  // namespace dagan::png
