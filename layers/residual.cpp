#include "layers/residual.h"

#include "kernels/kernels.h"

namespace dagan {
namespace {

struct PooledResidual final : Op {
  explicit PooledResidual(int r) : radius(r) {}
  int radius;

  std::string_view name() const override { return "pooled_residual"; }
  void run(const Kernels& k, const Launch& at, std::span<const View> in,
           std::span<const View> out) const override {
    k.pooled_residual(at, radius, in[0], in[1], out[0]);
  }
  std::int64_t scratch(const Kernels& k, std::span<const View> in,
                       std::span<const View>) const override {
    return k.pooled_residual_scratch(in[0].shape);
  }
};

struct Standardise final : Op {
  std::string_view name() const override { return "standardise"; }
  void run(const Kernels& k, const Launch& at, std::span<const View> in,
           std::span<const View> out) const override {
    k.standardise(at, in[0], in[1], in[2], out[0]);
  }
  bool in_place() const override { return true; }
};

struct TopMean final : Op {
  explicit TopMean(float f) : fraction(f) {}
  float fraction;

  std::string_view name() const override { return "top_mean"; }
  void run(const Kernels& k, const Launch& at, std::span<const View> in,
           std::span<const View> out) const override {
    k.top_mean(at, fraction, in[0], out[0]);
  }
  std::int64_t scratch(const Kernels& k, std::span<const View> in,
                       std::span<const View>) const override {
    return k.top_mean_scratch(in[0].shape);
  }
};

}  // namespace

Tensor pooled_residual(Tensor x, Tensor reconstruction, int radius) {
  const Shape s = x.shape();
  check(reconstruction.shape() == s, "[pooled_residual] ", x, " and ", reconstruction,
        " are not of one shape");
  check(radius >= 0, "[pooled_residual] radius ", radius, " must not be negative");
  const Tensor map = x.tape->make("pooled_residual", {s.n, s.h, s.w, 1});
  x.tape->append(PooledResidual(radius), {x, reconstruction}, {map});
  return map;
}

Tensor standardise(Tensor map, Tensor mean, Tensor spread) {
  const Shape s = map.shape(), expected = {1, s.h, s.w, 1};
  check(s.c == 1 && mean.shape() == expected && spread.shape() == expected, "[standardise] map ",
        map, ", mean ", mean, " and spread ", spread, " do not fit together");
  const Tensor out = map.tape->make("standardise", s);
  map.tape->append(Standardise(), {map, mean, spread}, {out});
  return out;
}

Tensor top_mean(Tensor map, float fraction) {
  check(map.shape().c == 1 && fraction > 0 && fraction <= 1, "[top_mean] map ", map,
        " must have one channel and the fraction ", fraction, " lie in (0,1]");
  const Tensor scores = map.tape->make("top_mean", {map.shape().n, 1, 1, 1});
  map.tape->append(TopMean(fraction), {map}, {scores});
  return scores;
}

}  // namespace dagan
