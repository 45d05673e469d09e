// Kernels that only multiply: what a GPU reaches on registers alone is the ceiling of its roofline.
//
//   multiply_add   fused multiply-adds in f32
//   products_tf32  16x8x8 products on tensor cores, operands of tf32, sums in f32
//   products_bf16  16x8x16 products, operands of bf16
//
// Each thread keeps several independent sums, so that no instruction waits for the one before.
// sink   one f32 for each of blocks * kCeilingThreads threads: read as the operand, so that the
//        compiler knows nothing of it, and written, so that it can leave nothing out
#pragma once
#include "core/view.h"
#include "kernels/namespace.h"

namespace dagan {

using CeilingFn = void(const Launch&, int blocks, int rounds, float* sink);

struct Ceilings {
  CeilingFn *multiply_add, *products_tf32, *products_bf16;
  double multiply_add_flop, products_tf32_flop, products_bf16_flop;  // of one block in one round
};

inline constexpr int kCeilingThreads = 256;  // of a block

namespace DAGAN_BACKEND {
extern const Ceilings ceilings;
}

}  // namespace dagan
