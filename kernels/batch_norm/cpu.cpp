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
#include <cmath>

#include "kernels/batch_norm/batch_norm.h"

HWY_BEFORE_NAMESPACE();
namespace dagan::cpu::HWY_NAMESPACE {
namespace {

// partial: for each block, the C means, the C sums around them, the C sums of squares around them.
void block_statistics(View x, float* partial) {
  const std::int64_t channels = x.shape.c, pitch = x.pitch;
  const Blocks blocks = pixel_blocks(x.shape.pixels(), channels);
  parallel_for(blocks.count(), [&](std::int64_t block) HWY_ATTR {
    const std::int64_t pixels = blocks.end(block) - blocks.begin(block);
    const float* from = x.as<float>() + blocks.begin(block) * pitch;
    float* mean = partial + 3 * block * channels;
    const auto centred = [=](auto d, std::int64_t pixel, std::int64_t c) HWY_ATTR {
      return hn::Sub(hn::LoadU(d, from + pixel * pitch + c), hn::LoadU(d, mean + c));
    };
    sum_pixels(pixels, channels, mean, [=](auto d, std::int64_t pixel, std::int64_t c) HWY_ATTR {
      return hn::LoadU(d, from + pixel * pitch + c);
    });
    for (std::int64_t c = 0; c < channels; ++c) mean[c] /= float(pixels);
    sum_pixels(pixels, channels, mean + channels, centred);
    sum_pixels(pixels, channels, mean + 2 * channels,
               [=](auto d, std::int64_t pixel, std::int64_t c) HWY_ATTR {
                 const auto h = centred(d, pixel, c);
                 return hn::Mul(h, h);
               });
  });
}

// partial: for each block, the C sums of dy and then the C sums of dy * (x - mean).
void block_gradients(View dy, View x, const float* mean, float* partial) {
  const std::int64_t channels = x.shape.c;
  const Blocks blocks = pixel_blocks(x.shape.pixels(), channels);
  parallel_for(blocks.count(), [&](std::int64_t block) HWY_ATTR {
    const std::int64_t begin = blocks.begin(block), pixels = blocks.end(block) - begin;
    const float* from_x = x.as<float>() + begin * x.pitch;
    const float* from_dy = dy.as<float>() + begin * dy.pitch;
    float* sum = partial + 2 * block * channels;
    sum_pixels(pixels, channels, sum, [=](auto d, std::int64_t pixel, std::int64_t c) HWY_ATTR {
      return hn::LoadU(d, from_dy + pixel * dy.pitch + c);
    });
    sum_pixels(pixels, channels, sum + channels,
               [=](auto d, std::int64_t pixel, std::int64_t c) HWY_ATTR {
                 const auto h =
                     hn::Sub(hn::LoadU(d, from_x + pixel * x.pitch + c), hn::LoadU(d, mean + c));
                 return hn::Mul(h, hn::LoadU(d, from_dy + pixel * dy.pitch + c));
               });
  });
}

// y = (x - mean) * scale + beta, with scale(d, c) the vector of factors of the channels from c on.
template <class Scale>
void normalise(View x, const float* mean, const float* beta, View y, Scale scale) {
  const Blocks blocks = pixel_blocks(x.shape.pixels(), x.shape.c);
  parallel_for(blocks.count(), [&](std::int64_t block) HWY_ATTR {
    const std::int64_t begin = blocks.begin(block), end = blocks.end(block);
    for_each_channel_vector(x.shape.c, [&](auto d, std::int64_t c) HWY_ATTR {
      const auto centre = hn::LoadU(d, mean + c), factor = scale(d, c),
                 shift = hn::LoadU(d, beta + c);
      for (std::int64_t pixel = begin; pixel < end; ++pixel) {
        const auto h = hn::Sub(hn::LoadU(d, x.as<float>() + pixel * x.pitch + c), centre);
        hn::StoreU(hn::MulAdd(h, factor, shift), d, y.as<float>() + pixel * y.pitch + c);
      }
    });
  });
}

void apply(View x, const float* mean, const float* rstd, const float* gamma, const float* beta,
           View y) {
  normalise(x, mean, beta, y, [=](auto d, std::int64_t c) HWY_ATTR {
    return hn::Mul(hn::LoadU(d, gamma + c), hn::LoadU(d, rstd + c));
  });
}

void evaluate(float epsilon, View x, const float* mean, const float* var, const float* gamma,
              const float* beta, View y) {
  normalise(x, mean, beta, y, [=](auto d, std::int64_t c) HWY_ATTR {
    const auto sum = hn::Add(hn::LoadU(d, var + c), hn::Set(d, epsilon));
    return hn::Div(hn::LoadU(d, gamma + c), hn::Sqrt(sum));
  });
}

// dx = scale * (dy - shift - (x - mean) * slope); factors: the C scales, the C shifts, the C
// slopes.
void input_gradient(View dy, View x, const float* mean, const float* factors, View dx,
                    Write write) {
  const std::int64_t channels = x.shape.c;
  const Blocks blocks = pixel_blocks(x.shape.pixels(), channels);
  parallel_for(blocks.count(), [&](std::int64_t block) HWY_ATTR {
    const std::int64_t begin = blocks.begin(block), end = blocks.end(block);
    for_each_channel_vector(channels, [&](auto d, std::int64_t c) HWY_ATTR {
      const auto centre = hn::LoadU(d, mean + c), scale = hn::LoadU(d, factors + c),
                 shift = hn::LoadU(d, factors + channels + c),
                 slope = hn::LoadU(d, factors + 2 * channels + c);
      for (std::int64_t pixel = begin; pixel < end; ++pixel) {
        const auto h = hn::Sub(hn::LoadU(d, x.as<float>() + pixel * x.pitch + c), centre);
        const auto g = hn::Sub(hn::LoadU(d, dy.as<float>() + pixel * dy.pitch + c), shift);
        put(d, hn::Mul(scale, hn::NegMulAdd(h, slope, g)), dx.as<float>() + pixel * dx.pitch + c,
            write);
      }
    });
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

// At most three sums for each block and channel, and three factors for each channel.
std::int64_t batch_norm_scratch(Shape x) {
  const std::int64_t blocks = pixel_blocks(x.pixels(), x.c).count();
  return (3 * blocks + 3) * x.c * std::int64_t(sizeof(float));
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
  for_each_channel(channels, [&](std::int64_t c) {
    const auto at = [&](std::int64_t block, std::int64_t i) {
      return double(partial[(3 * block + i) * channels + c]);
    };
    const auto size = [&](std::int64_t block) {
      return double(blocks.end(block) - blocks.begin(block));
    };
    double sum = 0, squares = 0;
    for (std::int64_t block = 0; block < blocks.count(); ++block)
      sum += size(block) * at(block, 0) + at(block, 1);
    const double centre = sum / pixels;
    for (std::int64_t block = 0; block < blocks.count(); ++block) {
      const double offset = at(block, 0) - centre;
      squares += at(block, 2) + offset * (2 * at(block, 1) + size(block) * offset);
    }
    mean.as<float>()[c] = float(centre);
    rstd.as<float>()[c] = float(1 / std::sqrt(squares / pixels + double(g.epsilon)));
    update(running_mean.as<float>()[c], centre);
    update(running_var.as<float>()[c], squares / (pixels - 1));
  });
}

void batch_norm(const Launch&, View x, View mean, View rstd, View gamma, View beta, View y) {
  HWY_DYNAMIC_DISPATCH(apply)
  (x, mean.as<float>(), rstd.as<float>(), gamma.as<float>(), beta.as<float>(), y);
}

void batch_norm_evaluate(const Launch&, BatchNormGeometry g, View x, View running_mean,
                         View running_var, View gamma, View beta, View y) {
  HWY_DYNAMIC_DISPATCH(evaluate)
  (g.epsilon, x, running_mean.as<float>(), running_var.as<float>(), gamma.as<float>(),
   beta.as<float>(), y);
}

void batch_norm_grad(const Launch& launch, View dy, View x, View mean, View rstd, View gamma,
                     View dx, View dgamma, View dbeta, Write dx_write, Write parameters_write) {
  const std::int64_t channels = x.shape.c;
  const Blocks blocks = pixel_blocks(x.shape.pixels(), channels);
  float* partial = reinterpret_cast<float*>(launch.scratch);
  float* factors = partial + 2 * blocks.count() * channels;
  HWY_DYNAMIC_DISPATCH(block_gradients)(dy, x, mean.as<float>(), partial);
  const auto write = [=](float& to, double value) {
    to = float(parameters_write == Write::accumulate ? double(to) + value : value);
  };
  for_each_channel(channels, [&](std::int64_t c) {
    double sum = 0, product = 0;
    for (std::int64_t block = 0; block < blocks.count(); ++block) {
      sum += double(partial[2 * block * channels + c]);
      product += double(partial[(2 * block + 1) * channels + c]);
    }
    const double r = double(rstd.as<float>()[c]), pixels = double(x.shape.pixels());
    factors[c] = float(double(gamma.as<float>()[c]) * r);
    factors[channels + c] = float(sum / pixels);
    factors[2 * channels + c] = float(product * r * r / pixels);
    write(dgamma.as<float>()[c], product * r);
    write(dbeta.as<float>()[c], sum);
  });
  HWY_DYNAMIC_DISPATCH(input_gradient)(dy, x, mean.as<float>(), factors, dx, dx_write);
}

}  // namespace dagan::cpu
#endif
