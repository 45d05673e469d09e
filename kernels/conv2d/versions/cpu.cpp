// The versions of the convolution on the CPU: its definition in f32, the fast ones, and their
// choice by shape, which is in the table.
#include "kernels/conv2d/versions/cpu.h"

#include <iterator>

#include "kernels/conv2d/implicit_gemm/implicit_gemm.h"
#include "kernels/conv2d/reference.h"
#include "kernels/conv2d/winograd/winograd.h"
#include "kernels/dense.h"
#include "kernels/version.h"

namespace dagan::cpu {
namespace {

void conv2d_definition(const Launch&, Conv2dGeometry geometry, View x, View w, View bias, View y,
                       Write write) {
  Dense out(y);
  reference::conv2d(geometry, Dense(x).array(), Dense(w).array(), Dense(bias).array(), out.array(),
                    write);
  out.store();
}

void input_grad_definition(const Launch&, Conv2dGeometry geometry, View dy, View w, View bias,
                           View dx, Write write) {
  Dense out(dx);
  reference::conv2d_input_grad(geometry, Dense(dy).array(), Dense(w).array(), Dense(bias).array(),
                               out.array(), write);
  out.store();
}

void filter_grad_definition(const Launch&, Conv2dGeometry geometry, View x, View dy, View dw,
                            Write write) {
  Dense out(dw);
  reference::conv2d_filter_grad(geometry, Dense(x).array(), Dense(dy).array(), out.array(), write);
  out.store();
}

std::int64_t no_scratch(Conv2dPass, Conv2dGeometry, Shape, Shape, Shape) { return 0; }

template <Conv2dVersion kVersion>
constexpr Kernels kEntries = {
    .conv2d = [](const Launch& launch, Conv2dGeometry geometry, View x, View w, View bias, View y,
                 Write write) { run_conv2d(kVersion, launch, geometry, x, w, bias, y, write); },
    .conv2d_input_grad =
        [](const Launch& launch, Conv2dGeometry geometry, View dy, View w, View bias, View dx,
           Write write) {
          run_conv2d_input_grad(kVersion, launch, geometry, dy, w, bias, dx, write);
        },
    .conv2d_filter_grad =
        [](const Launch& launch, Conv2dGeometry geometry, View x, View dy, View dw, Write write) {
          run_conv2d_filter_grad(kVersion, launch, geometry, x, dy, dw, write);
        },
    .conv2d_scratch = [](Conv2dPass pass, Conv2dGeometry geometry, Shape x, Shape w,
                         Shape y) { return scratch_of_conv2d(kVersion, pass, geometry, x, w, y); },
    .conv2d_pack = [](const Launch& launch, const PackedConv2d& p, View w,
                      const Conv2dAffine& affine) { pack_conv2d(kVersion, launch, p, w, affine); },
    .conv2d_packed = [](const Launch& launch, const PackedConv2d& p, View x, View w, float slope,
                        View y) { run_packed_conv2d(kVersion, launch, p, x, w, slope, y); },
    .conv2d_packed_bytes =
        [](const PackedConv2d& p) { return packed_bytes_of_conv2d(kVersion, p); },
};

constexpr KernelVersion kVersions[] = {
    {.op = "conv2d",
     .name = "definition",
     .entries = {.conv2d = conv2d_definition,
                 .conv2d_input_grad = input_grad_definition,
                 .conv2d_filter_grad = filter_grad_definition,
                 .conv2d_scratch = no_scratch},
     .any_dtype = true},
    {.op = "conv2d",
     .name = "implicit_gemm",
     .entries = kEntries<Conv2dVersion::implicit_gemm>,
     .any_dtype = true},
    {.op = "conv2d",
     .name = "winograd_2x2",
     .entries = kEntries<Conv2dVersion::winograd_2x2>,
     .any_dtype = true,
     .products = Products::winograd},
    {.op = "conv2d",
     .name = "winograd_4x4",
     .entries = kEntries<Conv2dVersion::winograd_4x4>,
     .any_dtype = true,
     .products = Products::winograd},
    {.op = "conv2d",
     .name = "by_shape",
     .entries = {.conv2d = conv2d,
                 .conv2d_input_grad = conv2d_input_grad,
                 .conv2d_filter_grad = conv2d_filter_grad,
                 .conv2d_scratch = conv2d_scratch,
                 .conv2d_pack = conv2d_pack,
                 .conv2d_packed = conv2d_packed,
                 .conv2d_packed_bytes = conv2d_packed_bytes},
     .in_table = true,
     .any_dtype = true,
     .products = Products::winograd},
};

}  // namespace

int winograd_tile(Conv2dVersion version, Conv2dGeometry geometry, Shape w, Shape y) {
  const int m = version == Conv2dVersion::winograd_4x4 ? 4 : 2;
  return version != Conv2dVersion::implicit_gemm && winograd::suits(m, geometry, w, y) ? m : 0;
}

void run_conv2d(Conv2dVersion version, const Launch& launch, Conv2dGeometry geometry, View x,
                View w, View bias, View y, Write write) {
  if (const int m = winograd_tile(version, geometry, w.shape, y.shape))
    winograd::conv2d(m, launch, x, w, bias, y, write);
  else
    implicit_gemm::conv2d(launch, geometry, x, w, bias, y, write);
}

void run_conv2d_input_grad(Conv2dVersion version, const Launch& launch, Conv2dGeometry geometry,
                           View dy, View w, View bias, View dx, Write write) {
  if (const int m = winograd_tile(version, geometry, w.shape, dy.shape))
    winograd::conv2d_input_grad(m, launch, dy, w, bias, dx, write);
  else
    implicit_gemm::conv2d_input_grad(launch, geometry, dy, w, bias, dx, write);
}

void run_conv2d_filter_grad(Conv2dVersion version, const Launch& launch, Conv2dGeometry geometry,
                            View x, View dy, View dw, Write write) {
  if (const int m = winograd_tile(version, geometry, dw.shape, dy.shape))
    winograd::conv2d_filter_grad(m, launch, x, dy, dw, write);
  else
    implicit_gemm::conv2d_filter_grad(launch, geometry, x, dy, dw, write);
}

std::int64_t scratch_of_conv2d(Conv2dVersion version, Conv2dPass pass, Conv2dGeometry geometry,
                               Shape x, Shape w, Shape y) {
  if (const int m = winograd_tile(version, geometry, w, y))
    return winograd::conv2d_scratch(m, pass, w, y);
  return implicit_gemm::conv2d_scratch(pass, geometry, x, w, y);
}

constexpr KernelVersions conv2d_versions = {kVersions, std::size(kVersions)};

}  // namespace dagan::cpu
