#include "kernels/conv2d/versions/versions.h"
#include "kernels/version.h"

namespace dagan::DAGAN_BACKEND {
namespace {

constexpr KernelVersion kVersions[] = {
    {.op = "conv2d",
     .name = "naive",
     .entries = {.conv2d = conv2d_naive, .conv2d_scratch = conv2d_scratch},
     .any_dtype = true},
    {"conv2d", "tiled", {.conv2d = conv2d_tiled, .conv2d_scratch = conv2d_scratch}},
    {"conv2d",
     "register_tiles",
     {.conv2d = conv2d_register_tiles, .conv2d_scratch = conv2d_scratch}},
    {.op = "conv2d",
     .name = "implicit_gemm",
     .entries = {.conv2d = conv2d_f32,
                 .conv2d_input_grad = conv2d_f32_input_grad,
                 .conv2d_filter_grad = conv2d_f32_filter_grad,
                 .conv2d_scratch = conv2d_scratch},
     .in_table = true},
    {.op = "conv2d",
     .name = "implicit_gemm_tf32",
     .entries = {.conv2d = conv2d_tf32,
                 .conv2d_input_grad = conv2d_tf32_input_grad,
                 .conv2d_filter_grad = conv2d_tf32_filter_grad,
                 .conv2d_scratch = conv2d_scratch},
     .products = Products::tf32},
    {.op = "conv2d",
     .name = "implicit_gemm_mma",
     .entries = {.conv2d = conv2d_bf16,
                 .conv2d_input_grad = conv2d_bf16_input_grad,
                 .conv2d_filter_grad = conv2d_bf16_filter_grad,
                 .conv2d_scratch = conv2d_scratch},
     .in_table = true,
     .dtype = DType::bf16},
};

}  // namespace

constexpr KernelVersions conv2d_versions = {kVersions, sizeof kVersions / sizeof kVersions[0]};

}  // namespace dagan::DAGAN_BACKEND
