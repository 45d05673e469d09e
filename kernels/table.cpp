// The table of one backend: compiled for each of them. An entry without a kernel does not link.
#ifdef DAGAN_BACKEND
#define DAGAN_ON_CPU(kernel) nullptr
#else
#define DAGAN_ON_CPU(kernel) kernel
#endif
#include "kernels/kernels.h"

namespace dagan::DAGAN_BACKEND {

const Kernels kernels = {
    .conv2d = conv2d,
    .conv2d_input_grad = conv2d_input_grad,
    .conv2d_filter_grad = conv2d_filter_grad,
    .conv2d_scratch = conv2d_scratch,
    .conv2d_pack = DAGAN_ON_CPU(conv2d_pack),
    .conv2d_packed = DAGAN_ON_CPU(conv2d_packed),
    .conv2d_packed_bytes = DAGAN_ON_CPU(conv2d_packed_bytes),
    .batch_norm_statistics = batch_norm_statistics,
    .batch_norm = batch_norm,
    .batch_norm_evaluate = batch_norm_evaluate,
    .batch_norm_grad = batch_norm_grad,
    .batch_norm_scratch = batch_norm_scratch,
    .leaky_relu = leaky_relu,
    .leaky_relu_grad = leaky_relu_grad,
    .tanh = tanh,
    .tanh_grad = tanh_grad,
    .linear = linear,
    .channel_sum = channel_sum,
    .channel_sum_scratch = channel_sum_scratch,
    .squared_error = squared_error,
    .squared_error_grad = squared_error_grad,
    .absolute_error = absolute_error,
    .absolute_error_grad = absolute_error_grad,
    .error_scratch = error_scratch,
    .all_finite = all_finite,
    .adam = adam,
    .image_normalise_resize = image_normalise_resize,
    .image_normalise_resize_scratch = image_normalise_resize_scratch,
    .augment = augment,
    .corrupt = corrupt,
    .pooled_residual = pooled_residual,
    .pooled_residual_scratch = pooled_residual_scratch,
    .standardise = standardise,
    .top_mean = top_mean,
    .top_mean_scratch = top_mean_scratch,
};

}  // namespace dagan::DAGAN_BACKEND
