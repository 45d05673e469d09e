// The noise is most of the work: ten rounds of Philox and a Box-Muller pair for every two elements,
// here for as many counters at a time as a vector has lanes. The bits are those of normal_pair.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/corrupt/cpu.cpp"
#include "kernels/simd.h"
// After simd.h: it chooses the targets.
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cmath>

#include "kernels/corrupt/corrupt.h"
#include "kernels/corrupt/draws.h"
#include "kernels/parallel.h"

HWY_BEFORE_NAMESPACE();
namespace dagan::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_NATIVE_FMA  // without it a vector's multiply-add rounds twice: other bits
using Floats = hn::ScalableTag<float>;
using Ints = hn::RebindToSigned<Floats>;
using Words = hn::RebindToUnsigned<Floats>;
using F = hn::Vec<Floats>;
using U = hn::Vec<Words>;

struct WideProduct {
  U low, high;
};

WideProduct multiply(U a, U b) {
  const Words u;
  const hn::Repartition<std::uint64_t, Words> wide;
  const auto even = hn::MulEven(a, b);
  const auto odd = hn::MulEven(hn::BitCast(u, hn::ShiftRight<32>(hn::BitCast(wide, a))), b);
  return {hn::OddEven(hn::BitCast(u, hn::ShiftLeft<32>(odd)), hn::BitCast(u, even)),
          hn::OddEven(hn::BitCast(u, odd), hn::BitCast(u, hn::ShiftRight<32>(even)))};
}

struct Normals {
  F first, second;
};

Normals normal_pairs(U a, U b) {
  const Floats d;
  const Ints i;
  const Words u;
  const auto bits = hn::BitCast(
      i, hn::ConvertTo(d, hn::BitCast(i, hn::Add(hn::ShiftRight<8>(a), hn::Set(u, 1)))));
  const auto exponent = hn::ShiftRight<23>(hn::Sub(bits, hn::Set(i, kRootHalfBits)));
  const auto t =
      hn::Sub(hn::BitCast(d, hn::Sub(bits, hn::ShiftLeft<23>(exponent))), hn::Set(d, 1.0f));
  auto p = hn::Set(d, kLog[6]);
  for (int k = 5; k >= 0; --k) p = hn::MulAdd(p, t, hn::Set(d, kLog[k]));
  p = hn::MulAdd(p, hn::Mul(t, t), t);
  const auto log =
      hn::MulAdd(hn::ConvertTo(d, hn::Sub(exponent, hn::Set(i, 24))), hn::Set(d, kLogTwo), p);
  const auto radius = hn::Sqrt(hn::Max(hn::Mul(hn::Set(d, -2.0f), log), hn::Zero(d)));

  const auto f = hn::Mul(hn::ConvertTo(d, hn::ShiftRight<8>(hn::BitCast(i, hn::ShiftLeft<2>(b)))),
                         hn::Set(d, 0x1p-24f));
  const auto f2 = hn::Mul(f, f);
  auto s = hn::Set(d, kSine[3]), c = hn::Set(d, kCosine[3]);
  for (int k = 2; k >= 0; --k) {
    s = hn::MulAdd(s, f2, hn::Set(d, kSine[k]));
    c = hn::MulAdd(c, f2, hn::Set(d, kCosine[k]));
  }
  s = hn::Mul(s, f);
  c = hn::MulAdd(c, f2, hn::Set(d, 1.0f));
  const auto turned = hn::Add(b, hn::Set(u, 1u << 29));
  const auto sign = hn::Set(u, 0x80000000u);
  const auto half = hn::BitCast(d, hn::And(turned, sign));
  const auto odd_sign = hn::And(hn::ShiftLeft<1>(turned), sign);
  const auto odd = hn::MaskFromVec(hn::BitCast(d, hn::BroadcastSignBit(hn::BitCast(i, odd_sign))));
  const auto swapped_c = hn::Xor(hn::IfThenElse(odd, s, c), hn::BitCast(d, odd_sign));
  const auto swapped_s = hn::IfThenElse(odd, c, s);
  return {hn::Mul(radius, hn::Xor(swapped_c, half)), hn::Mul(radius, hn::Xor(swapped_s, half))};
}

// Adds noise to whole groups of 4 * lanes elements of y; returns how many elements are done.
std::int64_t add_noise_groups(std::uint64_t seed, std::uint32_t step, std::int64_t image,
                              float deviation, std::int64_t first, std::int64_t last, float* y) {
  const Floats d;
  const Words u;
  const std::int64_t group = 4 * std::int64_t(hn::Lanes(d));
  const auto sigma = hn::Set(d, deviation);
  for (; first + group <= last; first += group) {
    U x0 = hn::Add(hn::Set(u, std::uint32_t(first / 4)), hn::Iota(u, 0));
    U x1 = hn::Set(u, std::uint32_t(Draw::noise));
    U x2 = hn::Set(u, std::uint32_t(image)), x3 = hn::Set(u, step);
    std::uint32_t key0 = std::uint32_t(seed), key1 = std::uint32_t(seed >> 32);
    for (int round = 0; round < 10; ++round) {
      const WideProduct a = multiply(x0, hn::Set(u, 0xD2511F53u));
      const WideProduct b = multiply(x2, hn::Set(u, 0xCD9E8D57u));
      x0 = hn::Xor(hn::Xor(b.high, x1), hn::Set(u, key0));
      x1 = b.low;
      x2 = hn::Xor(hn::Xor(a.high, x3), hn::Set(u, key1));
      x3 = a.low;
      key0 += 0x9E3779B9u;
      key1 += 0xBB67AE85u;
    }
    const Normals z01 = normal_pairs(x0, x1), z23 = normal_pairs(x2, x3);
    F y0, y1, y2, y3;
    hn::LoadInterleaved4(d, y + first, y0, y1, y2, y3);
    hn::StoreInterleaved4(hn::MulAdd(sigma, z01.first, y0), hn::MulAdd(sigma, z01.second, y1),
                          hn::MulAdd(sigma, z23.first, y2), hn::MulAdd(sigma, z23.second, y3), d,
                          y + first);
  }
  return first;
}
#else
std::int64_t add_noise_groups(std::uint64_t, std::uint32_t, std::int64_t, float, std::int64_t first,
                              std::int64_t, float*) {
  return first;
}
#endif

}  // namespace dagan::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dagan::cpu {
namespace {

HWY_EXPORT(add_noise_groups);

constexpr std::int64_t kChunk = 4096;  // elements that one thread adds noise to at a time

// Elements [first, last) of one image; first is a multiple of 4.
void add_noise(const CorruptGeometry& g, std::uint32_t step, std::int64_t image, std::int64_t first,
               std::int64_t last, float* y) {
  first = HWY_DYNAMIC_DISPATCH(add_noise_groups)(g.seed, step, image, g.noise, first, last, y);
  for (; first < last; first += 4) {
    const auto words = draw(g.seed, step, image, Draw::noise, first / 4);
    const Pair a = normal_pair(words[0], words[1]), b = normal_pair(words[2], words[3]);
    const float normals[] = {a.first, a.second, b.first, b.second};
    for (std::int64_t i = first; i < std::min(first + 4, last); ++i)
      y[i] = std::fma(g.noise, normals[i - first], y[i]);
  }
}

void damage(const CorruptGeometry& g, std::uint32_t step, std::int64_t image, View x, float* y) {
  const Shape s = x.shape;
  const std::int64_t row = s.w * s.c, size = s.h * row;
  const float* original = x.as<const float>() + image * size;
  const int count = rectangle_count(g, step, image);
  for (int r = 0; r < count; ++r) {
    const Damage d = rectangle(g, step, s, image, r);
    const float* donor = x.as<const float>() + d.donor * size;
    for (std::int64_t h = 0; h < d.height; ++h) {
      const std::int64_t to = (d.top + h) * row + d.left * s.c;
      const std::int64_t from = (d.donor_top + h) * row + d.donor_left * s.c;
      for (std::int64_t i = 0; i < d.width * s.c; ++i)
        y[to + i] =
            d.paste ? donor[from + i] : std::clamp(original[to + i] + d.brightness, -1.0f, 1.0f);
    }
  }
}

}  // namespace

void augment(const Launch&, AugmentGeometry g, View step, View x, View y) {
  const Shape s = x.shape;
  parallel_for(s.n * s.h, [&](std::int64_t i) {
    const std::int64_t n = i / s.h, h = i % s.h;
    const Pose to = pose(g, *step.as<const std::uint32_t>(), n);
    const std::int64_t from = source_pixel(h, s.h, to.down, to.flip_vertical);
    const float* source = x.as<const float>() + (n * s.h + from) * s.w * s.c;
    float* target = y.as<float>() + i * s.w * s.c;
    for (std::int64_t w = 0; w < s.w; ++w) {
      const std::int64_t j = source_pixel(w, s.w, to.right, to.flip_horizontal);
      for (std::int64_t c = 0; c < s.c; ++c) target[w * s.c + c] = source[j * s.c + c];
    }
  });
}

void corrupt(const Launch&, CorruptGeometry g, View step, View x, View y) {
  const std::int64_t size = x.shape.size() / x.shape.n, chunks = (size + kChunk - 1) / kChunk;
  const std::uint32_t now = *step.as<const std::uint32_t>();
  parallel_for(x.shape.n, [&](std::int64_t n) {
    std::copy_n(x.as<const float>() + n * size, size, y.as<float>() + n * size);
    damage(g, now, n, x, y.as<float>() + n * size);
  });
  if (g.noise == 0) return;
  parallel_for(x.shape.n * chunks, [&](std::int64_t i) {
    const std::int64_t n = i / chunks, first = i % chunks * kChunk;
    add_noise(g, now, n, first, std::min(first + kChunk, size), y.as<float>() + n * size);
  });
}

}  // namespace dagan::cpu
#endif
