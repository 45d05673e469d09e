// The parts of a convolution by plain matrix products, executed by the emulator; the product
// itself, which a library does on a GPU, is done here by loops.
#include <doctest/doctest.h>

#include "kernels/conv2d/versions/columns.h"
#include "tests/cases/conv2d.h"
#include "tests/checked.h"
#include "tests/gpu_checks.h"

namespace dagan {
namespace emulated {
extern const Kernels kernels;
Conv2dColumnsFn conv2d_columns;
Conv2dGatherFn conv2d_gather;
Conv2dAddBiasFn conv2d_add_bias;
}  // namespace emulated

namespace cases {
namespace {

View columns_at(const Launch& launch, Shape w, Shape y) {
  return view_of(reinterpret_cast<float*>(launch.scratch), {y.pixels(), 1, 1, w.h * w.w * w.c});
}

// f(row of columns, filter, column)
template <class F>
void for_each_product(Shape w, Shape y, F f) {
  for (std::int64_t row = 0; row < y.pixels(); ++row)
    for (std::int64_t k = 0; k < w.n; ++k)
      for (std::int64_t i = 0; i < w.h * w.w * w.c; ++i) f(row, k, i);
}

float& at(const View& view, std::int64_t pixel, std::int64_t channel) {
  return view.as<float>()[pixel * view.pitch + channel];
}

void forward(const Launch& launch, Conv2dGeometry geometry, View x, View w, View bias, View y,
             Write write) {
  const View columns = columns_at(launch, w.shape, y.shape);
  emulated::conv2d_columns(launch, geometry, x, w.shape, y.shape, columns);
  if (write == Write::overwrite)
    for_each_product(w.shape, y.shape, [&](auto row, auto k, auto) { at(y, row, k) = 0; });
  for_each_product(w.shape, y.shape, [&](auto row, auto k, auto i) {
    at(y, row, k) += at(columns, row, i) * w.as<float>()[k * columns.shape.c + i];
  });
  if (bias) emulated::conv2d_add_bias(launch, bias, y);
}

void input_grad(const Launch& launch, Conv2dGeometry geometry, View dy, View w, View bias, View dx,
                Write write) {
  const View columns = columns_at(launch, w.shape, dy.shape);
  for_each_product(w.shape, dy.shape, [&](auto row, auto, auto i) { at(columns, row, i) = 0; });
  for_each_product(w.shape, dy.shape, [&](auto row, auto k, auto i) {
    at(columns, row, i) += at(dy, row, k) * w.as<float>()[k * columns.shape.c + i];
  });
  emulated::conv2d_gather(launch, geometry, columns, w.shape, dy.shape, bias, dx, write);
}

std::int64_t columns_bytes(Conv2dPass, Conv2dGeometry, Shape, Shape w, Shape y) {
  return y.pixels() * w.h * w.w * w.c * size_of(DType::f32);
}

Kernels by_columns() {
  Kernels kernels = emulated::kernels;
  kernels.conv2d = forward;
  kernels.conv2d_input_grad = input_grad;
  kernels.conv2d_scratch = columns_bytes;
  return kernels;
}

TEST_CASE("columns gpu: a convolution by columns equals the reference") {
  const Kernels kernels = by_columns();
  for (const Conv2dProblem& problem : conv2d_small()) {
    CHECK(check_kernel(conv2d(problem), kernels) == "");
    CHECK(check_kernel(conv2d_input_grad(problem), kernels) == "");
  }
}

TEST_CASE("columns gpu: no order of the blocks changes a bit") {
  const Conv2dProblem problem = {{2, 1}, {2, 7, 5, 3}, 4, 4, 4, true};
  CHECK(check_schedules(conv2d(problem), by_columns(), 8) == "");
  CHECK(check_schedules(conv2d_input_grad(problem), by_columns(), 8) == "");
}

}  // namespace
}  // namespace cases
}  // namespace dagan
