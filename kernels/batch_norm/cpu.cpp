// One read of memory for the statistics: a block of pixels is summed, and summed again around its
// own mean, while it is in the cache; the blocks' means and squares are then combined (Chan, Golub
// and LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances", 1979).
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/batch_norm/cpu.cpp"
#include "kernels/simd.h"
// After simd.h: it chooses the targets.
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// Compiled for each target, like this file.
#include "kernels/rows-inl.h"
// Compiled once.
#include <algorithm>
#include <cmath>
#include <type_traits>

#include "kernels/batch_norm/activation.h"
#include "kernels/batch_norm/batch_norm.h"
#include "kernels/stored.h"

HWY_BEFORE_NAMESPACE();
namespace dagan::cpu::HWY_NAMESPACE {
namespace {

// partial: for each block, the C means, the C sums around them, the C sums of squares around them.
void block_statistics(View x, float* partial) {
  const std::int64_t channels = x.shape.c;
  const Blocks blocks = pixel_blocks(x.shape.pixels(), channels);
  const auto all = [&](auto elements) HWY_ATTR {
    parallel_for(blocks.count(), [&](std::int64_t block) HWY_ATTR {
      const std::int64_t pixels = blocks.end(block) - blocks.begin(block), pitch = elements.pitch;
      const auto* from = elements.at(blocks.begin(block));
      float* mean = partial + 3 * block * channels;
      sum_pixels<1>(pixels, channels, {mean},
                    [=](auto d, std::int64_t pixel, std::int64_t c, auto& sum)
                        HWY_ATTR { sum[0] = hn::Add(sum[0], load(d, from + pixel * pitch + c)); });
      for (std::int64_t c = 0; c < channels; ++c) mean[c] /= float(pixels);
      sum_pixels<2>(pixels, channels, {mean + channels, mean + 2 * channels},
                    [=](auto d, std::int64_t pixel, std::int64_t c, auto& sum) HWY_ATTR {
                      const auto value = load(d, from + pixel * pitch + c);
                      const auto h = hn::Sub(value, hn::LoadU(d, mean + c));
                      sum[0] = hn::Add(sum[0], h);
                      sum[1] = hn::MulAdd(h, h, sum[1]);
                    });
    });
  };
  with_elements(all, x);
}

template <bool kActivated, class D>
V<D> masked(D d, V<D> z, V<D> dy, float slope) {
  if constexpr (!kActivated) return dy;
  return hn::IfThenElse(hn::Gt(z, hn::Zero(d)), dy, hn::Mul(hn::Set(d, slope), dy));
}

// Calls f(std::true_type) where something follows, else f(std::false_type).
template <class F>
void with_activation(float slope, F f) {
  if (slope == 1)
    f(std::false_type());
  else
    f(std::true_type());
}

// partial: for each block, the C sums of dz and then the C sums of dz * (x - mean).
template <bool kActivated>
void block_gradients_of(View dy, View x, const float* mean, Activation a, float* partial) {
  const std::int64_t channels = x.shape.c;
  const Blocks blocks = pixel_blocks(x.shape.pixels(), channels);
  const auto all = [&](auto dy_elements, auto x_elements) HWY_ATTR {
    parallel_for(blocks.count(), [&](std::int64_t block) HWY_ATTR {
      const std::int64_t begin = blocks.begin(block), pixels = blocks.end(block) - begin;
      const auto from_dy = dy_elements;
      const auto from_x = x_elements;
      float* first = partial + 2 * block * channels;
      sum_pixels<2>(pixels, channels, {first, first + channels},
                    [=](auto d, std::int64_t pixel, std::int64_t c, auto& sum) HWY_ATTR {
                      const auto value = load(d, from_x.at(begin + pixel, c));
                      auto gradient = load(d, from_dy.at(begin + pixel, c));
                      const auto h = hn::Sub(value, hn::LoadU(d, mean + c));
                      if constexpr (kActivated)
                        gradient = masked<true>(
                            d, hn::MulAdd(h, hn::LoadU(d, a.scale + c), hn::LoadU(d, a.beta + c)),
                            gradient, a.slope);
                      sum[0] = hn::Add(sum[0], gradient);
                      sum[1] = hn::MulAdd(h, gradient, sum[1]);
                    });
    });
  };
  with_elements(all, dy, x);
}

void block_gradients(View dy, View x, const float* mean, Activation a, float* partial) {
  with_activation(a.slope, [&](auto activated) {
    block_gradients_of<decltype(activated)::value>(dy, x, mean, a, partial);
  });
}

// The pixels [begin, end) of z = (x - mean) * scale + beta, and y = z > 0 ? z : slope * z.
template <bool kActivated, class X, class Y, class Scale>
void normalise_block(X x, const float* mean, const float* beta, float slope, Y y,
                     std::int64_t channels, std::int64_t begin, std::int64_t end, Scale scale) {
  for_each_vector_group(channels, [&](auto d, auto count, std::int64_t first) HWY_ATTR {
    const std::int64_t lanes = std::int64_t(hn::Lanes(d));
    V<decltype(d)> centre[count], factor[count], shift[count];
    for (int v = 0; v < count; ++v) {
      centre[v] = hn::LoadU(d, mean + first + v * lanes);
      factor[v] = scale(d, first + v * lanes);
      shift[v] = hn::LoadU(d, beta + first + v * lanes);
    }
    const auto* from = x.at(begin, first);
    auto* to = y.at(begin, first);
    const std::int64_t from_pitch = x.pitch, to_pitch = y.pitch;
    const float leak = slope;  // a local copy: a store might change the captured one
    for (std::int64_t i = begin; i < end; ++i, from += from_pitch, to += to_pitch)
      for (int v = 0; v < count; ++v) {
        const auto h = hn::Sub(load(d, from + v * lanes), centre[v]);
        const auto z = hn::MulAdd(h, factor[v], shift[v]);
        store(masked<kActivated>(d, z, z, leak), d, to + v * lanes);
      }
  });
}

// With scale(d, c) the vector of factors of the channels from c on.
template <class Scale>
void normalise(View x, const float* mean, const float* beta, float slope, View y, Scale scale) {
  const Blocks blocks = pixel_blocks(x.shape.pixels(), x.shape.c);
  with_activation(slope, [&](auto activated) {
    const auto all = [&](auto from, auto to) {
      parallel_for(blocks.count(), [&](std::int64_t block) {
        normalise_block<decltype(activated)::value>(from, mean, beta, slope, to, x.shape.c,
                                                    blocks.begin(block), blocks.end(block), scale);
      });
    };
    with_elements(all, x, y);
  });
}

void apply(View x, const float* mean, const float* rstd, const float* gamma, const float* beta,
           float slope, View y) {
  normalise(x, mean, beta, slope, y, [=](auto d, std::int64_t c) HWY_ATTR {
    return hn::Mul(hn::LoadU(d, gamma + c), hn::LoadU(d, rstd + c));
  });
}

void evaluate(float epsilon, View x, const float* mean, const float* var, const float* gamma,
              const float* beta, float slope, View y) {
  normalise(x, mean, beta, slope, y, [=](auto d, std::int64_t c) HWY_ATTR {
    const auto sum = hn::Add(hn::LoadU(d, var + c), hn::Set(d, epsilon));
    return hn::Div(hn::LoadU(d, gamma + c), hn::Sqrt(sum));
  });
}

// The pixels [begin, end) of dx = scale * (dz - shift - (x - mean) * tilt); factors: the C scales,
// the C shifts, the C tilts.
template <bool kActivated, class Dy, class X, class Dx>
void input_gradient_block(Dy dy, X x, const float* mean, const float* factors, Activation a, Dx dx,
                          Write write, std::int64_t channels, std::int64_t begin,
                          std::int64_t end) {
  for_each_vector_group(channels, [&](auto d, auto count, std::int64_t first) HWY_ATTR {
    const std::int64_t lanes = std::int64_t(hn::Lanes(d));
    V<decltype(d)> centre[count], scale[count], shift[count], tilt[count], beta[count];
    for (int v = 0; v < count; ++v) {
      const std::int64_t c = first + v * lanes;
      centre[v] = hn::LoadU(d, mean + c);
      scale[v] = hn::LoadU(d, factors + c);
      shift[v] = hn::LoadU(d, factors + channels + c);
      tilt[v] = hn::LoadU(d, factors + 2 * channels + c);
      beta[v] = hn::LoadU(d, a.beta + c);
    }
    const auto* from_x = x.at(begin, first);
    const auto* from_dy = dy.at(begin, first);
    auto* to = dx.at(begin, first);
    const std::int64_t x_pitch = x.pitch, dy_pitch = dy.pitch, dx_pitch = dx.pitch;
    const Write how = write;  // local copies: a store might change the captured ones
    const float leak = a.slope;
    for (std::int64_t i = begin; i < end; ++i) {
      for (int v = 0; v < count; ++v) {
        const auto h = hn::Sub(load(d, from_x + v * lanes), centre[v]);
        const auto dz = masked<kActivated>(d, hn::MulAdd(h, scale[v], beta[v]),
                                           load(d, from_dy + v * lanes), leak);
        const auto g = hn::Sub(dz, shift[v]);
        put(d, hn::Mul(scale[v], hn::NegMulAdd(h, tilt[v], g)), to + v * lanes, how);
      }
      from_x += x_pitch, from_dy += dy_pitch, to += dx_pitch;
    }
  });
}

void input_gradient(View dy, View x, const float* mean, const float* factors, Activation a, View dx,
                    Write write) {
  const Blocks blocks = pixel_blocks(x.shape.pixels(), x.shape.c);
  with_activation(a.slope, [&](auto activated) {
    const auto all = [&](auto from_dy, auto from_x, auto to) {
      parallel_for(blocks.count(), [&](std::int64_t block) {
        input_gradient_block<decltype(activated)::value>(from_dy, from_x, mean, factors, a, to,
                                                         write, x.shape.c, blocks.begin(block),
                                                         blocks.end(block));
      });
    };
    with_elements(all, dy, x, dx);
  });
}

}  // namespace
}  // namespace dagan::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dagan::cpu {

HWY_EXPORT(block_statistics);
HWY_EXPORT(block_gradients);
HWY_EXPORT(apply);
HWY_EXPORT(evaluate);
HWY_EXPORT(input_gradient);

// The statistics keep three sums for each block and channel; the gradient two, and three factors
// for each channel.
std::int64_t batch_norm_scratch(Shape x) {
  const std::int64_t blocks = pixel_blocks(x.pixels(), x.c).count();
  return std::max(3 * blocks, 2 * blocks + 3) * x.c * std::int64_t(sizeof(float));
}

void batch_norm_statistics(const Launch& launch, BatchNormGeometry g, View x, View mean, View rstd,
                           View running_mean, View running_var) {
  float* partial = reinterpret_cast<float*>(launch.scratch);
  HWY_DYNAMIC_DISPATCH(block_statistics)(x, partial);
  const std::int64_t channels = x.shape.c;
  const double pixels = double(x.shape.pixels()), momentum = double(g.momentum);
  const Blocks blocks = pixel_blocks(x.shape.pixels(), channels);
  const auto update = [=](float& running, double value) {
    running = float(double(running) + momentum * (value - double(running)));
  };
  for_each_channel_group(channels, [&](std::int64_t begin, std::int64_t end) {
    double centres[kChannelGroup] = {}, squares[kChannelGroup] = {};
    const auto for_each_block = [&](auto f) {
      for (std::int64_t block = 0; block < blocks.count(); ++block) {
        const float* means = partial + 3 * block * channels;
        const double size = double(blocks.end(block) - blocks.begin(block));
        for (std::int64_t c = begin; c < end; ++c)
          f(c - begin, size, double(means[c]), double(means[channels + c]),
            double(means[2 * channels + c]));
      }
    };
    for_each_block([&](std::int64_t i, double size, double mean_of_block, double sum, double) {
      centres[i] += (size * mean_of_block + sum) / pixels;
    });
    for_each_block(
        [&](std::int64_t i, double size, double mean_of_block, double sum, double square) {
          const double offset = mean_of_block - centres[i];
          squares[i] += square + offset * (2 * sum + size * offset);
        });
    for (std::int64_t c = begin; c < end; ++c) {
      const double centre = centres[c - begin], square = squares[c - begin];
      mean.as<float>()[c] = float(centre);
      rstd.as<float>()[c] = float(1 / std::sqrt(square / pixels + double(g.epsilon)));
      update(running_mean.as<float>()[c], centre);
      update(running_var.as<float>()[c], square / (pixels - 1));
    }
  });
}

void batch_norm(const Launch&, View x, View mean, View rstd, View gamma, View beta, float slope,
                View y) {
  HWY_DYNAMIC_DISPATCH(apply)
  (x, mean.as<float>(), rstd.as<float>(), gamma.as<float>(), beta.as<float>(), slope, y);
}

void batch_norm_evaluate(const Launch&, BatchNormGeometry g, View x, View running_mean,
                         View running_var, View gamma, View beta, float slope, View y) {
  HWY_DYNAMIC_DISPATCH(evaluate)
  (g.epsilon, x, running_mean.as<float>(), running_var.as<float>(), gamma.as<float>(),
   beta.as<float>(), slope, y);
}

void batch_norm_grad(const Launch& launch, View dy, View x, View mean, View rstd, View gamma,
                     View beta, float slope, View dx, View dgamma, View dbeta, Write dx_write,
                     Write parameters_write) {
  const std::int64_t channels = x.shape.c;
  const Blocks blocks = pixel_blocks(x.shape.pixels(), channels);
  float* partial = reinterpret_cast<float*>(launch.scratch);
  float* factors = partial + 2 * blocks.count() * channels;
  // The same factors as those of y, so that z has the same bits.
  for (std::int64_t c = 0; c < channels; ++c)
    factors[c] = gamma.as<float>()[c] * rstd.as<float>()[c];
  const Activation activation = {factors, beta.as<float>(), slope};
  HWY_DYNAMIC_DISPATCH(block_gradients)(dy, x, mean.as<float>(), activation, partial);
  const auto write = [=](float& to, double value) {
    to = float(parameters_write == Write::accumulate ? double(to) + value : value);
  };
  for_each_channel_group(channels, [&](std::int64_t begin, std::int64_t end) {
    double sums[kChannelGroup] = {}, products[kChannelGroup] = {};
    add_rows(partial, blocks.count(), 2 * channels, begin, end, sums);
    add_rows(partial + channels, blocks.count(), 2 * channels, begin, end, products);
    for (std::int64_t c = begin; c < end; ++c) {
      const double r = double(rstd.as<float>()[c]), pixels = double(x.shape.pixels());
      const double sum = sums[c - begin], product = products[c - begin] * r;
      factors[channels + c] = float(sum / pixels);
      factors[2 * channels + c] = float(product * r / pixels);
      write(dgamma.as<float>()[c], product);
      write(dbeta.as<float>()[c], sum);
    }
  });
  HWY_DYNAMIC_DISPATCH(input_gradient)
  (dy, x, mean.as<float>(), factors, activation, dx, dx_write);
}

}  // namespace dagan::cpu
#endif
