#include "bench/watched.h"

#include <string_view>
#include <utility>
#include <vector>

#include "core/check.h"
#include "kernels/kernels.h"

namespace dagan::bench {
namespace {

Around& around() {
  static Around around;
  return around;
}
Kernels& inner() {
  static Kernels kernels;
  return kernels;
}

void collect(std::vector<View>& views, const View& view) {
  if (view) views.push_back(view);
}
template <class Other>
void collect(std::vector<View>&, const Other&) {}

double flop_of(const PackedConv2d& convolution) {
  return 2.0 * double(convolution.y.pixels()) * double(convolution.w.size());
}
template <class Other>
double flop_of(const Other&) {
  return 0;
}

// One of the operands is the filter (or its gradient), another is y (or its gradient): of the three
// the pixels of y and the whole filter make the products. Their places tell which they are.
double convolution_flop(std::string_view kernel, const std::vector<View>& views) {
  const View &a = views.front(), &b = views[1], &last = views.back();
  if (kernel == "conv2d_packed") return 0;  // flop_of knows
  if (kernel == "conv2d") return 2.0 * double(last.shape.pixels()) * double(b.shape.size());
  if (kernel == "conv2d_input_grad") return 2.0 * double(a.shape.pixels()) * double(b.shape.size());
  return 2.0 * double(b.shape.pixels()) * double(last.shape.size());
}

Call describe(const char* kernel, const std::vector<View>& views) {
  Call call = {.kernel = kernel, .views = views};
  for (std::size_t i = 0; i < views.size(); ++i) {
    const View& view = views[i];
    call.bytes += double(view.shape.size() * size_of(view.dtype));
    if (i < 2 || i + 1 == views.size())
      call.operands += text(call.operands.empty() ? "" : " ", view.shape);
  }
  if (call.kernel.starts_with("conv2d")) {
    call.flop = convolution_flop(kernel, views);
    call.bf16 = views.front().dtype == DType::bf16;
  }
  return call;
}

// Stands in for one entry of the table of kernels.
template <auto kEntry>
struct Watched {
  static inline const char* name;

  template <class... A>
  static void call(A... arguments) {
    std::vector<View> views;
    (collect(views, arguments), ...);
    Call call = describe(name, views);
    call.flop += (flop_of(arguments) + ...);
    around()(call, [&] { (inner().*kEntry)(arguments...); });
  }
};

template <auto kEntry>
void watch(Kernels& kernels, const char* name) {
  Watched<kEntry>::name = name;
  kernels.*kEntry = Watched<kEntry>::call;
}

Kernels watched(Kernels k) {
  watch<&Kernels::conv2d>(k, "conv2d");
  watch<&Kernels::conv2d_input_grad>(k, "conv2d_input_grad");
  watch<&Kernels::conv2d_filter_grad>(k, "conv2d_filter_grad");
  watch<&Kernels::conv2d_packed>(k, "conv2d_packed");
  watch<&Kernels::batch_norm_statistics>(k, "batch_norm_statistics");
  watch<&Kernels::batch_norm>(k, "batch_norm");
  watch<&Kernels::batch_norm_evaluate>(k, "batch_norm_evaluate");
  watch<&Kernels::batch_norm_grad>(k, "batch_norm_grad");
  watch<&Kernels::leaky_relu>(k, "leaky_relu");
  watch<&Kernels::leaky_relu_grad>(k, "leaky_relu_grad");
  watch<&Kernels::tanh>(k, "tanh");
  watch<&Kernels::tanh_grad>(k, "tanh_grad");
  watch<&Kernels::linear>(k, "linear");
  watch<&Kernels::channel_sum>(k, "channel_sum");
  watch<&Kernels::squared_error>(k, "squared_error");
  watch<&Kernels::squared_error_grad>(k, "squared_error_grad");
  watch<&Kernels::absolute_error>(k, "absolute_error");
  watch<&Kernels::absolute_error_grad>(k, "absolute_error_grad");
  watch<&Kernels::all_finite>(k, "all_finite");
  watch<&Kernels::adam>(k, "adam");
  watch<&Kernels::augment>(k, "augment");
  watch<&Kernels::corrupt>(k, "corrupt");
  watch<&Kernels::pooled_residual>(k, "pooled_residual");
  watch<&Kernels::standardise>(k, "standardise");
  watch<&Kernels::top_mean>(k, "top_mean");
  return k;
}

}  // namespace

const Backend& watched_backend(const Backend& like, Around by) {
  static Kernels kernels;
  static Backend backend;
  around() = std::move(by);
  inner() = *like.kernels;
  kernels = watched(inner());
  backend = {like.name, like.runtime, &kernels};
  backend.runtime.repeat = [](void**, void (*launches)(const void*), const void* argument) {
    launches(argument);
  };
  backend.runtime.forget = [](void*) {};
  return backend;
}

}  // namespace dagan::bench
