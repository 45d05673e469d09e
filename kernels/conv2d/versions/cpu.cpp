// The versions of the convolution on the CPU: its definition in f32, and the one in the table.
#include <iterator>

#include "kernels/conv2d/reference.h"
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
     .entries = {.conv2d = conv2d,
                 .conv2d_input_grad = conv2d_input_grad,
                 .conv2d_filter_grad = conv2d_filter_grad,
                 .conv2d_scratch = conv2d_scratch},
     .in_table = true,
     .any_dtype = true},
};

}  // namespace

constexpr KernelVersions conv2d_versions = {kVersions, std::size(kVersions)};

}  // namespace dagan::cpu
