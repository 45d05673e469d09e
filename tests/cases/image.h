// Normalising and resizing, for tests and benchmarks.
#pragma once
#include <algorithm>
#include <cmath>

#include "core/check.h"
#include "kernels/image/reference.h"
#include "tests/cases/op_case.h"

namespace dagan::cases {

// x (N,H,W,C), of which y takes N and C.
inline OpCase image_normalise_resize(Shape x, DType dtype, std::int64_t height, std::int64_t width,
                                     Levels levels) {
  const Shape y = {x.n, height, width, x.c};
  const double largest = dtype == DType::u8 ? 256 : dtype == DType::u16 ? 65536 : 1;
  const auto taps = [](std::int64_t source, std::int64_t target) {
    return 2 * std::max(1.0, double(source) / double(target));
  };
  const double down = taps(x.h, height), along = taps(x.w, width);
  OpCase op;
  op.name = text("image_normalise_resize ", dtype, " ", x, " to ", y);
  op.inputs = {{.name = "x",
                .shape = x,
                .values = {dtype == DType::f32 ? -largest : 0, largest, 0},
                .dtype = dtype,
                .sliceable = false,
                .differentiable = false}};
  op.outputs = {{.name = "y", .shape = y, .sliceable = false, .differentiable = false}};
  op.flop = 2 * double(x.n * x.c * height) * (double(x.w) * down + double(width) * along);
  op.run = [=](const Kernels& k, const Launch& launch, const Views& in, const Views& out, Write) {
    k.image_normalise_resize(launch, levels, in[0], out[0]);
  };
  op.scratch = [=](const Kernels& k) { return k.image_normalise_resize_scratch(x, y); };
  op.reference = [=](const auto& in, const auto& out) {
    reference::image_normalise_resize(levels, in[0], out[0]);
  };
  // Two sums of weighted values, of which the weights are rounded too, then a shift by the levels.
  op.error = [=](const Arrays<double>&, const Arrays<double>&, const Arrays<double>& bound) {
    const double range = double(levels.high) - double(levels.low);
    const double scale = (2 * largest + std::abs(double(levels.high) + double(levels.low))) / range;
    std::fill_n(bound[0].data, bound[0].size(),
                (std::sqrt(down) + std::sqrt(along) + 2) * 0x1p-24 * scale);
  };
  return op;
}

}  // namespace dagan::cases
