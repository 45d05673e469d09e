// cuBLAS as a rival: the convolution as a product of plain matrices (columns.h). cuBLAS counts
// columns first: a row-major (rows, columns) is its (columns, rows).
#include "kernels/device/rivals.h"

#if __has_include(<cublas_v2.h>)
#include <cublas_v2.h>

#include "core/check.h"
#include "kernels/conv2d/versions/columns.h"
#include "kernels/device/library.h"
#include "kernels/device/types.h"

namespace dagan::cuda {
namespace {

// Written out, since the header has two functions of this name.
using GemmEx = cublasStatus_t(cublasHandle_t, cublasOperation_t, cublasOperation_t, int m, int n,
                              int k, const void* alpha, const void* a, cudaDataType, int lda,
                              const void* b, cudaDataType, int ldb, const void* beta, void* c,
                              cudaDataType, int ldc, cublasComputeType_t, cublasGemmAlgo_t);

struct Cublas {
  Library library = Library({"libcublas.so.13", "libcublas.so.12", "libcublas.so"});
  decltype(&cublasCreate_v2) create;
  decltype(&cublasSetStream_v2) set_stream;
  GemmEx* gemm;
  decltype(&cublasGetStatusString) status_text;
  cublasHandle_t handle = nullptr;
  std::string missing;

  Cublas() {
    library.find("cublasCreate_v2", create);
    library.find("cublasSetStream_v2", set_stream);
    library.find("cublasGemmEx", gemm);
    library.find("cublasGetStatusString", status_text);
    missing = library.missing();
    if (!missing.empty()) return;
    const cublasStatus_t status = create(&handle);
    if (status != CUBLAS_STATUS_SUCCESS) missing = text("cublasCreate: ", status_text(status));
  }
};

Cublas& cublas() {
  static Cublas cublas;
  return cublas;
}

const char* missing() {
  const std::string& why = cublas().missing;
  return why.empty() ? nullptr : why.c_str();
}

struct Matrix {
  View view;
  bool transposed;  // of what cuBLAS sees
};

// c (m,n) = a (m,k) b (k,n), all as cuBLAS counts; c is added to with Write::accumulate.
template <cublasComputeType_t kCompute>
void multiply(const Launch& launch, std::int64_t m, std::int64_t n, std::int64_t k, Matrix a,
              Matrix b, View c, Write write) {
  const auto type = [](const View& view) {
    return view.dtype == DType::bf16 ? CUDA_R_16BF : CUDA_R_32F;
  };
  const auto operation = [](const Matrix& x) { return x.transposed ? CUBLAS_OP_T : CUBLAS_OP_N; };
  constexpr DType kOperands = kCompute == CUBLAS_COMPUTE_32F ? DType::bf16 : DType::f32;
  for (const View& view : {a.view, b.view})
    gpu::require(view.dtype == kOperands, "cublas", view.shape,
                 "is stored in a type that this version does not take");
  const float one = 1, old = write == Write::accumulate ? 1 : 0;
  Cublas& lib = cublas();
  cublasStatus_t status = lib.set_stream(lib.handle, static_cast<cudaStream_t>(launch.stream));
  if (status == CUBLAS_STATUS_SUCCESS) {
    status =
        lib.gemm(lib.handle, operation(a), operation(b), int(m), int(n), int(k), &one, a.view.data,
                 type(a.view), int(a.view.pitch), b.view.data, type(b.view), int(b.view.pitch),
                 &old, c.data, type(c), int(c.pitch), kCompute, CUBLAS_GEMM_DEFAULT);
  }
  check(Fault::device, status == CUBLAS_STATUS_SUCCESS, "[cublas] ", lib.status_text(status));
}

// A filter as the rows of a matrix, one a row.
View rows(View w) {
  const std::int64_t window = w.shape.h * w.shape.w * w.shape.c;
  return {w.data, {w.shape.n, 1, 1, window}, w.dtype, window};
}

View columns_at(const Launch& launch, Shape w, Shape y, DType dtype) {
  return view_of(launch.scratch, {y.pixels(), 1, 1, w.h * w.w * w.c}, dtype);
}

template <cublasComputeType_t kCompute>
void forward(const Launch& launch, Conv2dGeometry geometry, View x, View w, View bias, View y,
             Write write) {
  const View columns = columns_at(launch, w.shape, y.shape, x.dtype);
  conv2d_columns(launch, geometry, x, w.shape, y.shape, columns);
  multiply<kCompute>(launch, w.shape.n, y.shape.pixels(), columns.shape.c, {rows(w), true},
                     {columns, false}, y, write);
  if (bias) conv2d_add_bias(launch, bias, y);
}

template <cublasComputeType_t kCompute>
void input_grad(const Launch& launch, Conv2dGeometry geometry, View dy, View w, View bias, View dx,
                Write write) {
  const View columns = columns_at(launch, w.shape, dy.shape, DType::f32);
  multiply<kCompute>(launch, columns.shape.c, dy.shape.pixels(), w.shape.n, {rows(w), false},
                     {dy, false}, columns, Write::overwrite);
  conv2d_gather(launch, geometry, columns, w.shape, dy.shape, bias, dx, write);
}

template <cublasComputeType_t kCompute>
void filter_grad(const Launch& launch, Conv2dGeometry geometry, View x, View dy, View dw,
                 Write write) {
  const View columns = columns_at(launch, dw.shape, dy.shape, x.dtype);
  conv2d_columns(launch, geometry, x, dw.shape, dy.shape, columns);
  multiply<kCompute>(launch, columns.shape.c, dw.shape.n, dy.shape.pixels(), {columns, false},
                     {dy, true}, rows(dw), write);
}

std::int64_t columns_bytes(Conv2dPass, Conv2dGeometry, Shape, Shape w, Shape y) {
  return y.pixels() * w.h * w.w * w.c * size_of(DType::f32);
}

template <cublasComputeType_t kCompute>
constexpr KernelVersion version(const char* name, DType dtype, Products products) {
  return {.op = "conv2d",
          .name = name,
          .entries = {.conv2d = forward<kCompute>,
                      .conv2d_input_grad = input_grad<kCompute>,
                      .conv2d_filter_grad = filter_grad<kCompute>,
                      .conv2d_scratch = columns_bytes},
          .dtype = dtype,
          .products = products,
          .missing = missing};
}

constexpr KernelVersion kVersions[] = {
    version<CUBLAS_COMPUTE_32F_PEDANTIC>("cublas", DType::f32, Products::exact),
    version<CUBLAS_COMPUTE_32F_FAST_TF32>("cublas_tf32", DType::f32, Products::tf32),
    version<CUBLAS_COMPUTE_32F>("cublas_bf16", DType::bf16, Products::exact),
};

}  // namespace

constexpr KernelVersions cublas_versions = {kVersions, sizeof kVersions / sizeof kVersions[0]};

}  // namespace dagan::cuda
#else

namespace dagan::cuda {
namespace {

const char* missing() { return "this program was built without cublas_v2.h"; }

constexpr KernelVersion kVersions[] = {{.op = "conv2d", .name = "cublas", .missing = missing}};

}  // namespace

constexpr KernelVersions cublas_versions = {kVersions, 1};

}  // namespace dagan::cuda
#endif
