// cuDNN as a rival, by the functions that have been its convolutions since version 3. They take no
// bf16 operands with an f32 filter gradient: that pass is left out there.
#include "kernels/device/rivals.h"

#if __has_include(<cudnn.h>)
#include <cudnn.h>

#include <array>
#include <map>
#include <memory>
#include <vector>

#include "core/check.h"
#include "kernels/backend.h"
#include "kernels/conv2d/versions/columns.h"
#include "kernels/device/library.h"
#include "kernels/device/types.h"

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

namespace dagan::cuda {
namespace {

#define DAGAN_CUDNN_FUNCTIONS(f)                                                               \
  f(cudnnCreate) f(cudnnSetStream) f(cudnnGetErrorString) f(cudnnCreateTensorDescriptor)       \
      f(cudnnSetTensor4dDescriptorEx) f(cudnnDestroyTensorDescriptor)                          \
          f(cudnnCreateFilterDescriptor) f(cudnnSetFilter4dDescriptor)                         \
              f(cudnnDestroyFilterDescriptor) f(cudnnCreateConvolutionDescriptor)              \
                  f(cudnnSetConvolution2dDescriptor) f(cudnnSetConvolutionMathType)            \
                      f(cudnnDestroyConvolutionDescriptor)                                     \
                          f(cudnnGetConvolutionForwardAlgorithm_v7) f(cudnnConvolutionForward) \
                              f(cudnnGetConvolutionBackwardDataAlgorithm_v7)                   \
                                  f(cudnnConvolutionBackwardData)                              \
                                      f(cudnnGetConvolutionBackwardFilterAlgorithm_v7)         \
                                          f(cudnnConvolutionBackwardFilter)

struct Cudnn {
  Library library = Library({"libcudnn.so.9", "libcudnn.so"});
#define DAGAN_DECLARE(name) decltype(&::name) name;
  DAGAN_CUDNN_FUNCTIONS(DAGAN_DECLARE)
#undef DAGAN_DECLARE
  cudnnHandle_t handle = nullptr;
  std::string missing;

  Cudnn() {
#define DAGAN_FIND(name) library.find(#name, name);
    DAGAN_CUDNN_FUNCTIONS(DAGAN_FIND)
#undef DAGAN_FIND
    missing = library.missing();
    if (!missing.empty()) return;
    const cudnnStatus_t status = cudnnCreate(&handle);
    if (status != CUDNN_STATUS_SUCCESS)
      missing = text("cudnnCreate: ", cudnnGetErrorString(status));
  }
};
#undef DAGAN_CUDNN_FUNCTIONS

Cudnn& cudnn() {
  static Cudnn cudnn;
  return cudnn;
}

const char* missing() {
  const std::string& why = cudnn().missing;
  return why.empty() ? nullptr : why.c_str();
}

void require(cudnnStatus_t status, const char* what) {
  check(Fault::device, status == CUDNN_STATUS_SUCCESS, "[cudnn] ", what, ": ",
        cudnn().cudnnGetErrorString(status));
}

cudnnDataType_t type_of(DType dtype) {
  return dtype == DType::bf16 ? CUDNN_DATA_BFLOAT16 : CUDNN_DATA_FLOAT;
}

// The descriptors of one problem; algorithm and workspace are chosen once.
class Problem {
 public:
  // Of x, w and y, or of what has their shapes.
  Problem(Conv2dGeometry geometry, View x, View w, View y, cudnnMathType_t math) : math_(math) {
    Cudnn& lib = cudnn();
    require(lib.cudnnCreateTensorDescriptor(&x_), "x");
    require(lib.cudnnCreateTensorDescriptor(&y_), "y");
    require(lib.cudnnCreateFilterDescriptor(&w_), "w");
    require(lib.cudnnCreateConvolutionDescriptor(&convolution_), "convolution");
    describe(x_, x);
    describe(y_, y);
    const Shape f = w.shape;
    require(lib.cudnnSetFilter4dDescriptor(w_, type_of(w.dtype), CUDNN_TENSOR_NHWC, int(f.n),
                                           int(f.c), int(f.h), int(f.w)),
            "filter");
    require(lib.cudnnSetConvolution2dDescriptor(convolution_, geometry.pad, geometry.pad,
                                                geometry.stride, geometry.stride, 1, 1,
                                                CUDNN_CROSS_CORRELATION, CUDNN_DATA_FLOAT),
            "convolution");
    require(lib.cudnnSetConvolutionMathType(convolution_, math), "math type");
  }
  Problem(const Problem&) = delete;
  Problem& operator=(const Problem&) = delete;
  ~Problem() {
    Cudnn& lib = cudnn();
    lib.cudnnDestroyTensorDescriptor(x_);
    lib.cudnnDestroyTensorDescriptor(y_);
    lib.cudnnDestroyFilterDescriptor(w_);
    lib.cudnnDestroyConvolutionDescriptor(convolution_);
  }

  cudnnTensorDescriptor_t x() const { return x_; }
  cudnnTensorDescriptor_t y() const { return y_; }
  cudnnFilterDescriptor_t w() const { return w_; }
  cudnnConvolutionDescriptor_t convolution() const { return convolution_; }

  // The first of cuDNN's suggestions that gives the same bits every time; with CUDNN_FMA_MATH,
  // whose products are exact.
  template <class Performance, class Ask>
  void choose(Ask ask) {
    std::array<Performance, 10> found;
    int count = 0;
    require(ask(int(found.size()), &count, found.data()), "choice of an algorithm");
    for (int i = 0; i < count; ++i) {
      const Performance& p = found[std::size_t(i)];
      if (p.status != CUDNN_STATUS_SUCCESS || p.determinism != CUDNN_DETERMINISTIC) continue;
      if (math_ == CUDNN_FMA_MATH && p.mathType != CUDNN_FMA_MATH) continue;
      require(cudnn().cudnnSetConvolutionMathType(convolution_, p.mathType), "math type");
      algorithm_ = int(p.algo);
      bytes_ = p.memory;
      const Runtime& runtime = cuda_backend().runtime;
      if (bytes_ > 0) workspace_ = {runtime.allocate(bytes_), runtime.release};
      return;
    }
    fail(Fault::device, "[cudnn] no deterministic algorithm for this problem");
  }
  template <class Algorithm>
  Algorithm algorithm() const {
    return Algorithm(algorithm_);
  }
  void* workspace() const { return workspace_.get(); }
  std::size_t bytes() const { return bytes_; }

 private:
  static void describe(cudnnTensorDescriptor_t descriptor, View v) {
    const Shape s = v.shape;
    const auto line = int(s.w * v.pitch);
    require(cudnn().cudnnSetTensor4dDescriptorEx(descriptor, type_of(v.dtype), int(s.n), int(s.c),
                                                 int(s.h), int(s.w), int(s.h) * line, 1, line,
                                                 int(v.pitch)),
            "tensor");
  }

  cudnnTensorDescriptor_t x_ = nullptr, y_ = nullptr;
  cudnnFilterDescriptor_t w_ = nullptr;
  cudnnConvolutionDescriptor_t convolution_ = nullptr;
  cudnnMathType_t math_;
  int algorithm_ = 0;
  std::size_t bytes_ = 0;
  std::unique_ptr<void, void (*)(void*)> workspace_ = {nullptr, nullptr};
};

// Made at the first call: a recording of launches, which may not allocate, comes after it.
template <class Choose>
const Problem& problem(Conv2dPass pass, Conv2dGeometry geometry, View x, View w, View y,
                       cudnnMathType_t math, Choose choose) {
  static std::map<std::vector<std::int64_t>, std::unique_ptr<Problem>> made;
  const DType type = math == CUDNN_TENSOR_OP_MATH ? DType::bf16 : DType::f32;
  for (const View& v : {x, w, y})
    gpu::require(v.dtype == type, "cudnn", v.shape, "is stored in a type that it does not take");
  std::vector<std::int64_t> key = {int(pass), geometry.stride, geometry.pad, int(math)};
  for (const View& v : {x, w, y})
    key.insert(key.end(), {v.shape.n, v.shape.h, v.shape.w, v.shape.c, v.pitch, int(v.dtype)});
  std::unique_ptr<Problem>& found = made[key];
  if (!found) {
    auto fresh = std::make_unique<Problem>(geometry, x, w, y, math);
    choose(*fresh);
    found = std::move(fresh);
  }
  return *found;
}

float kept(Write write) { return write == Write::accumulate ? 1.0f : 0.0f; }

void set_stream(const Launch& launch) {
  require(cudnn().cudnnSetStream(cudnn().handle, static_cast<cudaStream_t>(launch.stream)),
          "stream");
}

template <cudnnMathType_t kMath>
void forward(const Launch& launch, Conv2dGeometry geometry, View x, View w, View bias, View y,
             Write write) {
  Cudnn& lib = cudnn();
  const Problem& p = problem(Conv2dPass::forward, geometry, x, w, y, kMath, [&](Problem& fresh) {
    fresh.choose<cudnnConvolutionFwdAlgoPerf_t>([&](auto... out) {
      return lib.cudnnGetConvolutionForwardAlgorithm_v7(lib.handle, fresh.x(), fresh.w(),
                                                        fresh.convolution(), fresh.y(), out...);
    });
  });
  set_stream(launch);
  const float one = 1, old = kept(write);
  require(lib.cudnnConvolutionForward(lib.handle, &one, p.x(), x.data, p.w(), w.data,
                                      p.convolution(), p.algorithm<cudnnConvolutionFwdAlgo_t>(),
                                      p.workspace(), p.bytes(), &old, p.y(), y.data),
          "convolution");
  if (bias) conv2d_add_bias(launch, bias, y);
}

template <cudnnMathType_t kMath>
void input_grad(const Launch& launch, Conv2dGeometry geometry, View dy, View w, View bias, View dx,
                Write write) {
  Cudnn& lib = cudnn();
  const Problem& p =
      problem(Conv2dPass::input_grad, geometry, dx, w, dy, kMath, [&](Problem& fresh) {
        fresh.choose<cudnnConvolutionBwdDataAlgoPerf_t>([&](auto... out) {
          return lib.cudnnGetConvolutionBackwardDataAlgorithm_v7(
              lib.handle, fresh.w(), fresh.y(), fresh.convolution(), fresh.x(), out...);
        });
      });
  set_stream(launch);
  const float one = 1, old = kept(write);
  require(lib.cudnnConvolutionBackwardData(lib.handle, &one, p.w(), w.data, p.y(), dy.data,
                                           p.convolution(),
                                           p.algorithm<cudnnConvolutionBwdDataAlgo_t>(),
                                           p.workspace(), p.bytes(), &old, p.x(), dx.data),
          "input gradient");
  if (bias) conv2d_add_bias(launch, bias, dx);
}

template <cudnnMathType_t kMath>
void filter_grad(const Launch& launch, Conv2dGeometry geometry, View x, View dy, View dw,
                 Write write) {
  Cudnn& lib = cudnn();
  const Problem& p =
      problem(Conv2dPass::filter_grad, geometry, x, dw, dy, kMath, [&](Problem& fresh) {
        fresh.choose<cudnnConvolutionBwdFilterAlgoPerf_t>([&](auto... out) {
          return lib.cudnnGetConvolutionBackwardFilterAlgorithm_v7(
              lib.handle, fresh.x(), fresh.y(), fresh.convolution(), fresh.w(), out...);
        });
      });
  set_stream(launch);
  const float one = 1, old = kept(write);
  require(lib.cudnnConvolutionBackwardFilter(lib.handle, &one, p.x(), x.data, p.y(), dy.data,
                                             p.convolution(),
                                             p.algorithm<cudnnConvolutionBwdFilterAlgo_t>(),
                                             p.workspace(), p.bytes(), &old, p.w(), dw.data),
          "filter gradient");
}

std::int64_t no_scratch(Conv2dPass, Conv2dGeometry, Shape, Shape, Shape) { return 0; }

template <cudnnMathType_t kMath>
constexpr Kernels kEntries = {.conv2d = forward<kMath>,
                              .conv2d_input_grad = input_grad<kMath>,
                              .conv2d_filter_grad = filter_grad<kMath>,
                              .conv2d_scratch = no_scratch};

constexpr KernelVersion kVersions[] = {
    {.op = "conv2d", .name = "cudnn", .entries = kEntries<CUDNN_FMA_MATH>, .missing = missing},
    {.op = "conv2d",
     .name = "cudnn_tf32",
     .entries = kEntries<CUDNN_DEFAULT_MATH>,
     .products = Products::tf32,
     .missing = missing},
    {.op = "conv2d",
     .name = "cudnn_bf16",
     .entries = {.conv2d = forward<CUDNN_TENSOR_OP_MATH>,
                 .conv2d_input_grad = input_grad<CUDNN_TENSOR_OP_MATH>,
                 .conv2d_scratch = conv2d_scratch},  // for the filter gradient of the table
     .dtype = DType::bf16,
     .missing = missing},
};

}  // namespace

constexpr KernelVersions cudnn_versions = {kVersions, sizeof kVersions / sizeof kVersions[0]};

}  // namespace dagan::cuda
#else

namespace dagan::cuda {
namespace {

const char* missing() { return "this program was built without cudnn.h"; }

constexpr KernelVersion kVersions[] = {{.op = "conv2d", .name = "cudnn", .missing = missing}};

}  // namespace

constexpr KernelVersions cudnn_versions = {kVersions, 1};

}  // namespace dagan::cuda
#endif
