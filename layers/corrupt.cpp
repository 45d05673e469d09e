#include "layers/corrupt.h"

#include "kernels/kernels.h"

namespace dagan {
namespace {

struct Augment final : Op {
  explicit Augment(AugmentGeometry g) : geometry(g) {}
  AugmentGeometry geometry;

  std::string_view name() const override { return "augment"; }
  void run(const Kernels& k, const Launch& at, std::span<const View> in,
           std::span<const View> out) const override {
    k.augment(at, geometry, in[1], in[0], out[0]);
  }
};

struct Corrupt final : Op {
  explicit Corrupt(CorruptGeometry g) : geometry(g) {}
  CorruptGeometry geometry;

  std::string_view name() const override { return "corrupt"; }
  void run(const Kernels& k, const Launch& at, std::span<const View> in,
           std::span<const View> out) const override {
    k.corrupt(at, geometry, in[1], in[0], out[0]);
  }
};

template <class O, class Geometry>
Tensor record(const char* name, Tensor x, Tensor step, Geometry geometry) {
  check(step.dtype() == DType::u32 && step.shape() == Shape{}, "[", name, "] ", step,
        " is not a u32 scalar");
  const Tensor y = x.tape->make(name, x.shape());
  x.tape->append(O(geometry), {x, step}, {y});
  return y;
}

}  // namespace

Tensor augment(Tensor x, Tensor step, AugmentGeometry geometry) {
  return record<Augment>("augment", x, step, geometry);
}

Tensor corrupt(Tensor x, Tensor step, CorruptGeometry geometry) {
  return record<Corrupt>("corrupt", x, step, geometry);
}

}  // namespace dagan
