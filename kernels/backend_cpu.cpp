#include <sys/mman.h>

#include <cstdlib>
#include <cstring>

#include "core/check.h"
#include "kernels/backend.h"
#include "kernels/kernels.h"

namespace dagan {
namespace {

void* allocate(std::size_t bytes) {
  // Huge pages for large buffers: the kernels walk through them in long strides.
  constexpr std::size_t kHuge = std::size_t(2) << 20;
  const std::size_t alignment = bytes >= kHuge ? kHuge : 64;
  const std::size_t rounded = (bytes + alignment - 1) / alignment * alignment;
  void* memory = std::aligned_alloc(alignment, rounded ? rounded : alignment);
  check(Fault::device, memory != nullptr, "out of memory: ", bytes, " bytes were asked for");
  if (alignment == kHuge) madvise(memory, rounded, MADV_HUGEPAGE);
  std::memset(memory, 0, bytes);
  return memory;
}

void copy(void* to, const void* from, std::size_t bytes) { std::memcpy(to, from, bytes); }

const Kernels kernels = {
    .conv2d = cpu::conv2d,
    .conv2d_input_grad = cpu::conv2d_input_grad,
    .conv2d_filter_grad = cpu::conv2d_filter_grad,
    .conv2d_scratch = cpu::conv2d_scratch,
    .batch_norm_statistics = cpu::batch_norm_statistics,
    .batch_norm = cpu::batch_norm,
    .batch_norm_evaluate = cpu::batch_norm_evaluate,
    .batch_norm_grad = cpu::batch_norm_grad,
    .batch_norm_scratch = cpu::batch_norm_scratch,
    .leaky_relu = cpu::leaky_relu,
    .leaky_relu_grad = cpu::leaky_relu_grad,
    .tanh = cpu::tanh,
    .tanh_grad = cpu::tanh_grad,
    .linear = cpu::linear,
    .channel_sum = cpu::channel_sum,
    .channel_sum_scratch = cpu::channel_sum_scratch,
    .squared_error = cpu::squared_error,
    .squared_error_grad = cpu::squared_error_grad,
    .absolute_error = cpu::absolute_error,
    .absolute_error_grad = cpu::absolute_error_grad,
    .error_scratch = cpu::error_scratch,
    .all_finite = cpu::all_finite,
    .adam = cpu::adam,
    .image_normalise_resize = cpu::image_normalise_resize,
    .image_normalise_resize_scratch = cpu::image_normalise_resize_scratch,
    .augment = cpu::augment,
    .corrupt = cpu::corrupt,
    .pooled_residual = cpu::pooled_residual,
    .pooled_residual_scratch = cpu::pooled_residual_scratch,
    .standardise = cpu::standardise,
    .top_mean = cpu::top_mean,
    .top_mean_scratch = cpu::top_mean_scratch,
};

}  // namespace

const Backend& cpu_backend() {
  static const Backend backend = {.name = "cpu",
                                  .runtime = {.allocate = allocate,
                                              .release = [](void* memory) { std::free(memory); },
                                              .copy = copy,
                                              .synchronise = [] {},
                                              .host_memory = true},
                                  .kernels = &kernels};
  return backend;
}

}  // namespace dagan
