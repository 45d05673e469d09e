// Where a kernel is chosen, by type: exact f32 for f32, tensor cores for bf16.
#include "kernels/conv2d/gpu/fma_product.cuh"
#include "kernels/conv2d/gpu/launch.cuh"

namespace dagan::DAGAN_BACKEND {

using namespace implicit_gemm;

namespace {

// Exact f32.
template <class Pass>
void start_fma(const Launch& launch, const Problem& g, bool aligned) {
  using Large = Tile<128, 128, 4, 2>;
  using Square = Tile<64, 64, 2, 2>;
  using Narrow = Tile<128, 32, 4, 1>;
  using Flat = Tile<32, 64, 1, 2>;
  using Unaligned = Tile<64, 32, 4, 1>;
  constexpr std::int64_t kBlocks = 132;
  if (!aligned) {
    gpu::launch(launch, grid<Pass, Unaligned>(g), conv2d_implicit_gemm<Pass, Unaligned, 1>, g);
  } else if (Pass::columns_of(g) <= 32) {
    gpu::launch(launch, grid<Pass, Narrow>(g), conv2d_implicit_gemm<Pass, Narrow, 4>, g);
  } else if (Pass::most_rows(g) <= 32) {
    gpu::launch(launch, grid<Pass, Flat>(g), conv2d_implicit_gemm<Pass, Flat, 4>, g);
  } else if (tiles<Pass, Large>(g) >= kBlocks) {
    gpu::launch(launch, grid<Pass, Large>(g), conv2d_implicit_gemm<Pass, Large, 4>, g);
  } else {
    gpu::launch(launch, grid<Pass, Square>(g), conv2d_implicit_gemm<Pass, Square, 4>, g);
  }
}

}  // namespace

void conv2d(const Launch& launch, Conv2dGeometry geometry, View x, View w, View bias, View y,
            Write write) {
  run<ForwardPass>(
      launch, make_problem(geometry, x.shape, w.shape, y.shape), x, w, bias, y, write,
      [&](const Problem& g, bool aligned) { start_fma<ForwardPass>(launch, g, aligned); });
}

void conv2d_input_grad(const Launch& launch, Conv2dGeometry geometry, View dy, View w, View bias,
                       View dx, Write write) {
  run<InputGradPass>(
      launch, make_problem(geometry, dx.shape, w.shape, dy.shape), dy, w, bias, dx, write,
      [&](const Problem& g, bool aligned) { start_fma<InputGradPass>(launch, g, aligned); });
}

void conv2d_filter_grad(const Launch& launch, Conv2dGeometry geometry, View x, View dy, View dw,
                        Write write) {
  View rows = dw;  // a filter is one row of the product
  rows.shape = {dw.shape.n, 1, 1, rows.pitch = dw.shape.size() / dw.shape.n};
  run<FilterGradPass>(
      launch, make_problem(geometry, x.shape, dw.shape, dy.shape), dy, x, {}, rows, write,
      [&](const Problem& g, bool aligned) { start_fma<FilterGradPass>(launch, g, aligned); });
}

std::int64_t conv2d_scratch(Conv2dPass pass, Conv2dGeometry geometry, Shape x, Shape w, Shape y) {
  const Problem g = make_problem(geometry, x, w, y);
  switch (pass) {
    case Conv2dPass::forward: return scratch_bytes<ForwardPass>(g, y);
    case Conv2dPass::input_grad: return scratch_bytes<InputGradPass>(g, x);
    default: return scratch_bytes<FilterGradPass>(g, w);
  }
}

}  // namespace dagan::DAGAN_BACKEND
