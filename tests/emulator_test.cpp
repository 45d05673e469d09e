// Every word of kernels/device/gpu.h under the emulator, against what CUDA's and PTX's manuals say.
#define DAGAN_BACKEND emulated
#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <set>
#include <vector>

#include "core/bf16.h"
#include "kernels/emulator/schedule.h"
#include "tests/emulator_kernels.h"

namespace dagan {
namespace {

namespace words = emulated::words;
using emulator::Copies, emulator::Order, emulator::Schedule;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

// What a kernel leaves in `size` numbers that were `initial`.
template <class Out, class In>
std::vector<Out> run(WordFn* word, gpu::Grid grid, const std::vector<In>& in, std::size_t size,
                     int n = 0, Out initial = Out()) {
  std::vector<Out> out(size, initial);
  word(grid, in.data(), out.data(), n);
  return out;
}

template <class T>
std::vector<T> counted(int n, int first = 1) {
  std::vector<T> result(static_cast<std::size_t>(n));
  std::iota(result.begin(), result.end(), T(first));
  return result;
}

gpu::Grid threads(std::int64_t x) { return {.blocks = {1}, .threads = {x}}; }

// Calls f in every schedule.
template <class F>
void in_all_schedules(F f) {
  for (const Schedule& schedule : emulator::schedules()) {
    CAPTURE(emulator::to_string(schedule));
    emulator::schedule() = schedule;
    f();
  }
  emulator::schedule() = {};
}

TEST_CASE("emulator: threads and blocks have CUDA's indices") {
  const gpu::Grid grid = {.blocks = {3, 2, 2}, .threads = {5, 4, 3}};
  const auto out = run<unsigned>(words::indices, grid, std::vector<int>(1), 8 * 12 * 60);
  std::size_t i = 0;
  for (unsigned block = 0; block < 12; ++block) {
    for (unsigned thread = 0; thread < 60; ++thread, i += 8) {
      CHECK(out[i] == block % 3 + 100 * (block / 3 % 2) + 10000 * (block / 6));
      CHECK(out[i + 1] == thread % 5 + 100 * (thread / 5 % 4) + 10000 * (thread / 20));
      CHECK(out[i + 2] == 30405);
      CHECK(out[i + 3] == 20203);
      CHECK(out[i + 4] == 32);
    }
  }
}

TEST_CASE("emulator: barriers count, and order shared memory, in every schedule") {
  in_all_schedules([] {
    for (const int n : {0, 1, 39, 40}) {
      const gpu::Grid grid = {.blocks = {2}, .threads = {5, 8}};
      const auto out = run<int>(words::barriers, grid, std::vector<int>(1), 3 * 80, n);
      for (std::size_t i = 0; i < out.size(); i += 3) {
        CHECK(out[i] == n);
        CHECK((out[i + 1] != 0) == (n > 0));
        CHECK((out[i + 2] != 0) == (n == 40));
      }
    }
    const auto in = counted<float>(200);
    auto backwards = in;
    for (int block = 0; block < 2; ++block) {
      std::reverse(backwards.begin() + 100 * block, backwards.begin() + 100 * (block + 1));
    }
    const gpu::Grid grid = {.blocks = {2}, .threads = {100}, .shared_bytes = 400};
    CHECK(run<float>(words::reversed, grid, in, 200) == backwards);
    CHECK(run<float>(words::reversed_dynamic, grid, in, 200) == backwards);
    auto warps = in;
    for (int first = 0; first < 200; first += 32) {
      std::reverse(warps.begin() + first, warps.begin() + std::min(first + 32, 200));
    }
    CHECK(run<float>(words::reversed_warps, threads(200), in, 200) == warps);
  });
}

TEST_CASE("emulator: shuffles, by width, in part of a warp and in its last part") {
  const auto in = counted<float>(32, 100);
  for (const unsigned mask : {~0u, 0xffffu, 0xffff0000u}) {
    const auto out = run<float>(words::shuffles, threads(32), in, 24 * 32, int(mask));
    for (int i = 0; i < (mask == ~0u ? 6 : 5); ++i) {
      for (int lane = 0; lane < 32; ++lane) {
        const auto got = [&](int kind) { return out[std::size_t((6 * kind + i) * 32 + lane)]; };
        const int width = 1 << i, first = lane / width * width;
        if (!(mask >> lane & 1)) {
          for (int kind = 0; kind < 4; ++kind) CHECK(got(kind) == -1);
          continue;
        }
        CHECK(got(0) == float(100 + first + 1 % width));
        // A group reads earlier groups, but not later ones.
        CHECK(got(1) == float(100 + (width > 1 ? lane ^ 1 : lane / 2 * 2)));
        CHECK(got(2) == float(100 + std::max(first, lane - 1)));
        CHECK(got(3) == float(100 + std::min(first + width - 1, lane + 1)));
      }
    }
  }
  const auto wide = counted<double>(32, 7);
  const auto out = run<double>(words::shuffles_double, threads(32), wide, 128);
  for (int lane = 0; lane < 32; ++lane) {
    CHECK(out[std::size_t(lane)] == 10);
    CHECK(out[std::size_t(32 + lane)] == 7 + (lane ^ 16));
    CHECK(out[std::size_t(64 + lane)] == 7 + (lane < 2 ? lane : lane - 2));
    CHECK(out[std::size_t(96 + lane)] == 7 + (lane > 29 ? lane : lane + 2));
  }
}

TEST_CASE("emulator: votes of a warp, of its last part and of a mask") {
  std::vector<int> in(64);
  for (int i : {0, 3, 33, 34, 35, 36, 37, 38, 39, 32}) in[std::size_t(i)] = i + 1;
  auto out = run<unsigned>(words::votes, threads(40), in, 3 * 64, -1);
  CHECK(std::vector<unsigned>(out.begin() + 6, out.begin() + 9) == std::vector<unsigned>{9, 1, 0});
  CHECK(std::vector<unsigned>(out.begin() + 96, out.begin() + 99) ==
        std::vector<unsigned>{0xff, 1, 1});
  out = run<unsigned>(words::votes, threads(40), in, 3 * 64, 6);
  CHECK(out[0] == 0);  // not in the mask
  CHECK(out[3] == 0);  // lanes 1 and 2
  CHECK(out[4] == 0);
  CHECK(out[5] == 0);
  CHECK(out[3 * 33] == 6);
}

TEST_CASE("emulator: atomic operations lose nothing in any schedule") {
  std::vector<int> in(300);
  for (int i = 0; i < 300; ++i) in[std::size_t(i)] = i * 37 % 301 - 100;
  in_all_schedules([&] {
    const auto out = run<int>(words::atomics, {.blocks = {2}, .threads = {256}}, in, 305, 300);
    CHECK(out[0] == std::accumulate(in.begin(), in.end(), 0));
    CHECK(out[1] == 200);
    CHECK(out[2] == -100);
    CHECK(out[3] == std::accumulate(in.begin(), in.end(), 0, [](int a, int b) { return a | b; }));
    std::vector<int> exchanged(out.begin() + 5, out.end()), expected = in;
    exchanged.push_back(out[4]);
    expected.push_back(0);
    std::sort(exchanged.begin(), exchanged.end());
    std::sort(expected.begin(), expected.end());
    CHECK(exchanged == expected);
  });
}

TEST_CASE("emulator: the schedules are different orders, and each the same every time") {
  const auto order = [](const Schedule& schedule, int count = 256) {
    emulator::schedule() = schedule;
    const auto out = run<int>(words::atomics, threads(count), counted<int>(count),
                              std::size_t(count) + 5, count);
    emulator::schedule() = {};
    return out;
  };
  CHECK(order({})[5 + 1] == 1);
  CHECK(order({Order::reverse})[5 + 1] == 3);
  for (const Order random : {Order::random, Order::priority}) {
    std::set<std::vector<int>> different = {order({}), order({Order::reverse})};
    for (std::uint64_t seed = 1; seed <= 8; ++seed) {
      const auto once = order({random, Copies::late, seed});
      CHECK(order({random, Copies::late, seed}) == once);
      different.insert(once);
    }
    CHECK(different.size() >= 6);
  }
  std::set<std::vector<int>> of_two_warps;  // one before the other, or a change on the way
  for (std::uint64_t seed = 1; seed <= 16; ++seed) {
    of_two_warps.insert(order({Order::priority, Copies::late, seed}, 64));
  }
  CHECK(of_two_warps.size() > 2);
  CHECK(emulator::schedules(32).size() == 64);
}

TEST_CASE("emulator: questions about bits") {
  const std::vector<unsigned> in = {0, 1, 0x80000000u, 0xf0f00u, ~0u};
  const auto out = run<unsigned>(words::bits, threads(32), in, 20, 5);
  CHECK(out == std::vector<unsigned>{0, 0,     32, in[0], 1,  1,     31, in[1], 1, 32,
                                     0, in[2], 8,  9,     12, in[3], 32, 1,     0, in[4]});
}

TEST_CASE("emulator: vectors move whole") {
  const auto in = counted<float>(128);
  CHECK(run<float>(words::vectors, threads(32), in, 128) == in);
  const auto halves = counted<std::uint16_t>(128);
  CHECK(run<std::uint16_t>(words::vectors_bf16, threads(32), halves, 128) == halves);
}

TEST_CASE("emulator: asynchronous copies bring zeros where they are not valid") {
  in_all_schedules([] {
    const auto out = run<float>(words::copies, threads(8), counted<float>(64), 64, 5);
    for (int i = 0; i < 64; ++i) {
      if (i % 8 == 7) continue;
      CHECK(out[std::size_t(i)] == (i < 40 ? float(1 + i) : 0.0f));
    }
    CHECK(std::isnan(out[7]));  // nobody's
  });
}

TEST_CASE("emulator: late copies come with the wait for their group, early ones at once") {
  for (const Copies when : {Copies::late, Copies::early}) {
    emulator::schedule() = {Order::sequential, when};
    const auto in = counted<float>(96);
    const auto out = run<float>(words::copy_groups, threads(32), in, 288);
    emulator::schedule() = {};
    for (int i = 0; i < 288; ++i) {
      const int thread = i / 9, waited = i / 3 % 3, group = i % 3;
      CAPTURE(i);
      if (when == Copies::early || group <= waited) {
        CHECK(out[std::size_t(i)] == in[std::size_t(3 * thread + group)]);
      } else {
        CHECK(std::isnan(out[std::size_t(i)]));
      }
    }
  }
}

TEST_CASE("emulator: matrix loads hand out rows, or columns, as ldmatrix does") {
  const auto in = counted<std::uint16_t>(256, 0);
  const auto out = run<unsigned>(words::matrices, threads(32), in, 256);
  for (unsigned lane = 0; lane < 32; ++lane) {
    for (unsigned matrix = 0; matrix < 4; ++matrix) {
      const unsigned base = 64 * matrix, row = lane / 4, column = lane % 4 * 2;
      CHECK(out[4 * lane + matrix] ==
            base + 8 * row + column + ((base + 8 * row + column + 1) << 16));
      CHECK(out[128 + 4 * lane + matrix] ==
            base + 8 * column + row + ((base + 8 * (column + 1) + row) << 16));
    }
  }
}

TEST_CASE("emulator: matrix products") {
  std::vector<float> a(256), b(128), c(128);
  for (int i = 0; i < 256; ++i) a[std::size_t(i)] = float(i * 29 % 64 - 30) / 32;
  for (int i = 0; i < 128; ++i) b[std::size_t(i)] = float(i * 23 % 64 - 31) / 64;
  for (int i = 0; i < 128; ++i) c[std::size_t(i)] = float(i) / 16;
  const auto check_product = [&](const std::vector<float>& d, std::size_t depth) {
    for (std::size_t i = 0; i < 16; ++i) {
      for (std::size_t j = 0; j < 8; ++j) {
        double sum = c[i * 8 + j];
        for (std::size_t k = 0; k < depth; ++k) sum += double(a[i * depth + k]) * b[k * 8 + j];
        CHECK(d[i * 8 + j] == doctest::Approx(sum).epsilon(1e-6));
      }
    }
  };
  std::vector<std::uint16_t> halves;  // every value above is one of bf16, and of tf32
  for (const float x : a) halves.push_back(bf16(x).bits);
  for (const float x : b) halves.push_back(bf16(x).bits);
  auto d = c;
  words::product_bf16(threads(32), halves.data(), d.data(), 0);
  check_product(d, 16);

  std::vector<float> in(a.begin(), a.begin() + 128);
  in.insert(in.end(), b.begin(), b.begin() + 64);
  d = c;
  words::product_tf32(threads(32), in.data(), d.data(), 0);
  check_product(d, 8);
}

TEST_CASE("emulator: tf32 keeps ten bits, to nearest, ties away from zero") {
  const std::vector<float> in = {
      1.0f,          1 + 0x1p-10f,   1 + 0x1p-11f,    1 + 0x1p-11f - 0x1p-23f,
      -1 - 0x1p-11f, 1 + 0x1.8p-10f, 0x1.fffffep127f, -std::numeric_limits<float>::infinity(),
      0.0f};
  const std::vector<float> expected = {1.0f,
                                       1 + 0x1p-10f,
                                       1 + 0x1p-10f,
                                       1.0f,
                                       -1 - 0x1p-10f,
                                       1 + 0x1p-9f,
                                       std::numeric_limits<float>::infinity(),
                                       -std::numeric_limits<float>::infinity(),
                                       0.0f};
  const auto out = run<unsigned>(words::tf32, threads(32), in, in.size(), int(in.size()));
  for (std::size_t i = 0; i < in.size(); ++i) CHECK(std::bit_cast<float>(out[i]) == expected[i]);
  const auto nan = run<unsigned>(words::tf32, threads(1), std::vector<float>{kNan}, 1, 1);
  CHECK(std::isnan(std::bit_cast<float>(nan[0])));
}

TEST_CASE("emulator: shared memory is not a number until it is written, in every block") {
  const gpu::Grid grid = {.blocks = {3}, .threads = {64}, .shared_bytes = 256};
  const auto out = run<float>(words::unwritten, grid, std::vector<float>(1), 384);
  CHECK(std::all_of(out.begin(), out.end(), [](float x) { return std::isnan(x); }));
}

TEST_CASE("emulator: blocks on all processors give what blocks in a row give") {
  const auto in = counted<float>(64 * 300);
  const gpu::Grid grid = {.blocks = {300}, .threads = {64}};
  const auto out = run<float>(words::sums, grid, in, 300);
  in_all_schedules([&] { CHECK(run<float>(words::sums, grid, in, 300) == out); });
  CHECK(out[1] == 64.0f * 64 + 32 * 65);
}

}  // namespace
}  // namespace dagan
