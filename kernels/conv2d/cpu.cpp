#include "kernels/conv2d/reference.h"
#include "kernels/parallel.h"

namespace dagan::cpu {
namespace {

float& element(View view, std::int64_t n, std::int64_t h, std::int64_t w, std::int64_t c) {
  return view.as<float>()[((n * view.shape.h + h) * view.shape.w + w) * view.pitch + c];
}

}  // namespace

std::int64_t conv2d_scratch(Conv2dPass, Conv2dGeometry, Shape, Shape, Shape) { return 0; }

void conv2d(const Launch&, Conv2dGeometry geometry, View x, View w, View bias, View y,
            Write write) {
  const auto [stride, pad] = geometry;
  const Shape in = x.shape, filter = w.shape, out = y.shape;
  parallel_for(out.n * out.h, [&, stride = stride, pad = pad](std::int64_t row) {
    const std::int64_t n = row / out.h, p = row % out.h;
    for (std::int64_t q = 0; q < out.w; ++q)
      for (std::int64_t k = 0; k < out.c; ++k) {
        float sum = bias ? bias.as<float>()[k] : 0;
        for (std::int64_t r = 0; r < filter.h; ++r)
          for (std::int64_t s = 0; s < filter.w; ++s) {
            const std::int64_t h = p * stride - pad + r, v = q * stride - pad + s;
            if (h < 0 || h >= in.h || v < 0 || v >= in.w) continue;
            for (std::int64_t c = 0; c < in.c; ++c)
              sum += element(x, n, h, v, c) * element(w, k, r, s, c);
          }
        float& result = element(y, n, p, q, k);
        result = write == Write::accumulate ? result + sum : sum;
      }
  });
}

void conv2d_input_grad(const Launch&, Conv2dGeometry geometry, View dy, View w, View bias, View dx,
                       Write write) {
  const auto [stride, pad] = geometry;
  const Shape in = dx.shape, filter = w.shape, out = dy.shape;
  parallel_for(in.n * in.h, [&, stride = stride, pad = pad](std::int64_t row) {
    const std::int64_t n = row / in.h, h = row % in.h;
    for (std::int64_t v = 0; v < in.w; ++v)
      for (std::int64_t c = 0; c < in.c; ++c) {
        float sum = bias ? bias.as<float>()[c] : 0;
        for (std::int64_t r = 0; r < filter.h; ++r)
          for (std::int64_t s = 0; s < filter.w; ++s) {
            const std::int64_t down = h + pad - r, right = v + pad - s;
            if (down < 0 || right < 0 || down % stride || right % stride) continue;
            const std::int64_t p = down / stride, q = right / stride;
            if (p >= out.h || q >= out.w) continue;
            for (std::int64_t k = 0; k < out.c; ++k)
              sum += element(dy, n, p, q, k) * element(w, k, r, s, c);
          }
        float& result = element(dx, n, h, v, c);
        result = write == Write::accumulate ? result + sum : sum;
      }
  });
}

void conv2d_filter_grad(const Launch&, Conv2dGeometry geometry, View x, View dy, View dw,
                        Write write) {
  const auto [stride, pad] = geometry;
  const Shape in = x.shape, filter = dw.shape, out = dy.shape;
  parallel_for(filter.n * filter.h * filter.w, [&, stride = stride, pad = pad](std::int64_t tap) {
    const std::int64_t k = tap / (filter.h * filter.w), r = tap / filter.w % filter.h;
    const std::int64_t s = tap % filter.w;
    for (std::int64_t c = 0; c < filter.c; ++c) {
      float sum = 0;
      for (std::int64_t n = 0; n < out.n; ++n)
        for (std::int64_t p = 0; p < out.h; ++p)
          for (std::int64_t q = 0; q < out.w; ++q) {
            const std::int64_t h = p * stride - pad + r, v = q * stride - pad + s;
            if (h < 0 || h >= in.h || v < 0 || v >= in.w) continue;
            sum += element(x, n, h, v, c) * element(dy, n, p, q, k);
          }
      float& result = element(dw, k, r, s, c);
      result = write == Write::accumulate ? result + sum : sum;
    }
  });
}

}  // namespace dagan::cpu
