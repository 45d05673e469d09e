// The warp's matrix instructions, and loads and stores of whole vectors.
#pragma once
#include <cstddef>

#include "kernels/emulator/block.h"

namespace dagan::emulator {

struct Fragments {  // of one lane
  unsigned a[4], b[2];
  float c[4];
};

// Operands and results lie in the lanes as PTX lays them out for mma.sync.m16n8k16 (bf16),
// m16n8k8 (tf32) and ldmatrix.m8n8.x4.b16. Sums run in f32 in the order of k; a tensor core's
// order is its own, so results agree within rounding.
Collective mma_bf16, mma_tf32;
Collective load_matrices, load_matrices_transposed;
void matrix_instruction(Collective*, const void* in, void* out, Site);  // by all 32 lanes
Collective ballot;

unsigned round_to_tf32(float);  // to nearest, ties away from zero, as cvt.rna does

// One access of the running thread, whatever the compiler would make of it.
void load(void* to, const void* from, std::size_t bytes, Site site);
void store(void* to, const void* from, std::size_t bytes, Site site);
void load_row(const void* row, Site site);  // 16 bytes that a matrix load will read

}  // namespace dagan::emulator
