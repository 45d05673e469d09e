// One way to run an op: a part of a table of kernels. It can take the table's place, for a test, a
// benchmark or a training run; kernels/versions.h lists them all.
#pragma once
#include "kernels/kernels.h"

namespace dagan {

// tf32: operands are rounded to 11 binary digits. winograd: of sums of operands, so that every result
// has a rounding error of the largest one's size.
enum class Products : std::uint8_t { exact, tf32, winograd };

struct KernelVersion {
  const char* op;         // "conv2d" or "batch_norm"
  const char* name;       // what it does: "implicit_gemm"
  Kernels entries = {};   // null where it has none
  bool in_table = false;  // the one that the table of kernels runs, for these activations
  DType dtype = DType::f32;
  bool any_dtype = false;  // it takes activations of other types too
  Products products = Products::exact;
  // Why it cannot run here, in a few words, or null: a library may be missing. Null: it always can.
  const char* (*missing)() = nullptr;
};

// What a backend has for one op.
struct KernelVersions {
  const KernelVersion* first;
  int count;

  const KernelVersion* begin() const { return first; }
  const KernelVersion* end() const { return first + count; }
};

namespace DAGAN_BACKEND {
extern const KernelVersions conv2d_versions, batch_norm_versions;
}

}  // namespace dagan
