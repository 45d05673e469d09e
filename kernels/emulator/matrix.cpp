#include "kernels/emulator/matrix.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "kernels/emulator/executor.h"
#include "kernels/emulator/observer.h"

namespace dagan::emulator {
namespace {

float bf16_half(unsigned word, int half) {
  return std::bit_cast<float>((half ? word >> 16 : word & 0xffffu) << 16);
}

float tf32(unsigned word) { return std::bit_cast<float>(word & 0xffffe000u); }

// d[i][j] = c[i][j] + sum_k a[i][k] * b[k][j] with the fragments of m16n8 accumulators.
template <int K>
void multiply(const float (&a)[16][K], const float (&b)[K][8], const void* const in[32],
              void* const out[32]) {
  for (int lane = 0; lane < 32; ++lane) {
    const auto& c = static_cast<const Fragments*>(in[lane])->c;
    for (int r = 0; r < 4; ++r) {
      const int i = lane / 4 + r / 2 * 8, j = lane % 4 * 2 + r % 2;
      float sum = c[r];
      for (int k = 0; k < K; ++k) sum = std::fma(a[i][k], b[k][j], sum);
      static_cast<float*>(out[lane])[r] = sum;
    }
  }
}

const Fragments& fragments(const void* const in[32], int lane) {
  return *static_cast<const Fragments*>(in[lane]);
}

template <class F>
void load_8x8(const void* const in[32], void* const out[32], F place) {
  for (int matrix = 0; matrix < 4; ++matrix) {
    std::uint16_t m[8][8];
    for (int row = 0; row < 8; ++row) {
      std::memcpy(m[row], *static_cast<const void* const*>(in[matrix * 8 + row]), 16);
    }
    for (int lane = 0; lane < 32; ++lane) {
      const unsigned low = place(m, lane, 0), high = place(m, lane, 1);
      static_cast<unsigned*>(out[lane])[matrix] = low | high << 16;
    }
  }
}

bool aligned(const void* address, std::size_t bytes) {
  return reinterpret_cast<std::uintptr_t>(address) % bytes == 0;
}

}  // namespace

void matrix_instruction(Collective* f, const void* in, void* out, Site site) {
  if (executor().lanes() < 32) fail_in_kernel("a matrix instruction needs 32 lanes", site);
  collective(f, ~0u, in, out, site);
}

void mma_bf16(const void* const in[32], void* const out[32], unsigned) {
  float a[16][16], b[16][8];
  for (int lane = 0; lane < 32; ++lane) {
    const Fragments& f = fragments(in, lane);
    const int group = lane / 4, pair = lane % 4 * 2;
    for (int half = 0; half < 2; ++half) {
      for (int r = 0; r < 4; ++r) {
        a[group + r % 2 * 8][pair + half + r / 2 * 8] = bf16_half(f.a[r], half);
      }
      for (int r = 0; r < 2; ++r) b[pair + half + r * 8][group] = bf16_half(f.b[r], half);
    }
  }
  multiply(a, b, in, out);
}

void mma_tf32(const void* const in[32], void* const out[32], unsigned) {
  float a[16][8], b[8][8];
  for (int lane = 0; lane < 32; ++lane) {
    const Fragments& f = fragments(in, lane);
    const int group = lane / 4, column = lane % 4;
    for (int r = 0; r < 4; ++r) a[group + r % 2 * 8][column + r / 2 * 4] = tf32(f.a[r]);
    for (int r = 0; r < 2; ++r) b[column + r * 4][group] = tf32(f.b[r]);
  }
  multiply(a, b, in, out);
}

void load_matrices(const void* const in[32], void* const out[32], unsigned) {
  load_8x8(in, out, [](const std::uint16_t(&m)[8][8], int lane, int half) {
    return unsigned(m[lane / 4][lane % 4 * 2 + half]);
  });
}

void load_matrices_transposed(const void* const in[32], void* const out[32], unsigned) {
  load_8x8(in, out, [](const std::uint16_t(&m)[8][8], int lane, int half) {
    return unsigned(m[lane % 4 * 2 + half][lane / 4]);
  });
}

void ballot(const void* const in[32], void* const out[32], unsigned mask) {
  unsigned votes = 0;
  for (int lane = 0; lane < 32; ++lane) {
    if (mask >> lane & 1 && *static_cast<const int*>(in[lane])) votes |= 1u << lane;
  }
  for (int lane = 0; lane < 32; ++lane) {
    if (mask >> lane & 1) *static_cast<unsigned*>(out[lane]) = votes;
  }
}

unsigned round_to_tf32(float x) {
  const auto bits = std::bit_cast<unsigned>(x);
  if ((bits & 0x7f800000u) == 0x7f800000u) return bits & 0xffffe000u;
  return (bits + 0x1000u) & 0xffffe000u;
}

void load(void* to, const void* from, std::size_t bytes, Site site) {
  if (!aligned(from, bytes)) fail_in_kernel("a misaligned vector load", site);
  report_access(from, bytes, AccessKind::read, __builtin_return_address(0));
  std::memcpy(to, from, bytes);
}

void store(void* to, const void* from, std::size_t bytes, Site site) {
  if (!aligned(to, bytes)) fail_in_kernel("a misaligned vector store", site);
  report_access(to, bytes, AccessKind::write, __builtin_return_address(0));
  std::memcpy(to, from, bytes);
}

void load_row(const void* row, Site site) {
  if (!aligned(row, 16)) fail_in_kernel("a row of a matrix load that is not at 16 bytes", site);
  report_access(row, 16, AccessKind::read, __builtin_return_address(0));
}

}  // namespace dagan::emulator
