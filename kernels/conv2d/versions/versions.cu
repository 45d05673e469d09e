#include "kernels/conv2d/versions/versions.h"

namespace dagan::DAGAN_BACKEND {

const Conv2dVersion conv2d_versions[kConv2dVersions] = {
    {"naive", DType::f32, true, conv2d_naive, nullptr, nullptr},
    {"tiled", DType::f32, true, conv2d_tiled, nullptr, nullptr},
    {"register_tiles", DType::f32, true, conv2d_register_tiles, nullptr, nullptr},
    {"implicit_gemm", DType::f32, true, conv2d_f32, conv2d_f32_input_grad, conv2d_f32_filter_grad},
    {"implicit_gemm_tf32", DType::f32, false, conv2d_tf32, conv2d_tf32_input_grad,
     conv2d_tf32_filter_grad},
    {"implicit_gemm_mma", DType::bf16, true, conv2d_bf16, conv2d_bf16_input_grad,
     conv2d_bf16_filter_grad},
};

}  // namespace dagan::DAGAN_BACKEND
