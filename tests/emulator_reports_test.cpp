// What the emulator refuses and reports, and what its observers see.
#define DAGAN_BACKEND emulated
#include <doctest/doctest.h>

#include <fstream>
#include <string>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

#include "core/check.h"
#include "kernels/emulator/block.h"
#include "kernels/emulator/counters.h"
#include "kernels/emulator/fiber.h"
#include "kernels/emulator/race_check.h"
#include "kernels/emulator/schedule.h"
#include "tests/emulator_kernels.h"

#if defined(DAGAN_HAS_CHECKED)
namespace dagan::checked::words {
WordFn strided_shared, strided_shared_wide, strided_global, strided_copies, orders_half_a_warp;
}
#endif

namespace dagan {
namespace {

namespace words = emulated::words;
using emulator::AccessKind, emulator::Order;

alignas(64) float g_in[32 * 64], g_out[32 * 64];

// What the launch said, or nothing.
std::string said(WordFn* word, gpu::Grid grid, int n = 0) {
  try {
    word(grid, g_in, g_out, n);
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

gpu::Grid threads(std::int64_t x) { return {.blocks = {1}, .threads = {x}}; }

// Where the sources of the kernels say "// here: <place>".
std::string line(const std::string& place) {
  for (const std::string name : {"emulator_kernels.cu", "mistaken_kernels.cu"}) {
    std::ifstream file(std::string(DAGAN_SOURCE_DIR "/tests/") + name);
    int number = 0;
    for (std::string text; ++number, std::getline(file, text);) {
      if (text.ends_with("// here: " + place)) return name + ":" + std::to_string(number);
    }
  }
  return "no line " + place;
}

void check_has(const std::string& message, const std::vector<std::string>& parts) {
  CAPTURE(message);
  for (const std::string& part : parts) {
    CAPTURE(part);
    CHECK(message.find(part) != std::string::npos);
  }
}

TEST_CASE("emulator: CUDA's limits of a launch") {
  const auto refused = [](gpu::Extent3 blocks, gpu::Extent3 block, std::int64_t shared = 0) {
    return said(words::barrier_loop, {blocks, block, shared}) != "";
  };
  CHECK_FALSE(refused({2}, {1024}));
  CHECK_FALSE(refused({2}, {1, 16, 64}));
  CHECK_FALSE(refused({1, 65535}, {1}));
  CHECK_FALSE(refused({1}, {1}, 227 << 10));
  CHECK(refused({1}, {1025}));
  CHECK(refused({1}, {32, 33}));
  CHECK(refused({1}, {1, 1, 65}));
  CHECK(refused({1}, {0}));
  CHECK(refused({0}, {1}));
  CHECK(refused({1, 0}, {1}));
  CHECK(refused({std::int64_t(1) << 31}, {1}));
  CHECK(refused({1, 65536}, {1}));
  CHECK(refused({1, 1, 65536}, {1}));
  CHECK(refused({1}, {1}, (227 << 10) + 1));
}

TEST_CASE("emulator: CUDA's limits of shared memory") {
  check_has(said(words::too_much_static, threads(32)), {"49156 bytes", "49152"});
  gpu::Grid grid = threads(32);
  grid.shared_bytes = (223 << 10) + 1;
  check_has(said(words::static_and_dynamic, grid), {"232449 bytes", "232448"});
  grid.shared_bytes = 223 << 10;
  CHECK(said(words::static_and_dynamic, grid) == "");
  check_has(said(words::no_dynamic_shared, threads(1)),
            {"no dynamic shared memory", line("no dynamic memory")});
}

#if defined(__SANITIZE_ADDRESS__)
TEST_CASE("emulator: its stacks leave no red zones to what is mapped there next") {
  const std::byte* frame = nullptr;
  {
    emulator::Stacks stacks;
    stacks.grow(2);
    frame = stacks.stack(1);
    __asan_poison_memory_region(frame, 64);
    stacks.grow(3);
    CHECK(!__asan_address_is_poisoned(frame));
    frame = stacks.stack(2);
    __asan_poison_memory_region(frame, 64);
  }
  CHECK(!__asan_address_is_poisoned(frame));
}
#else
TEST_CASE("emulator: a write beside a shared array is reported") {
  CHECK(said(words::writes_past_end, threads(32), 0) == "");
  CHECK(said(words::writes_before_begin, threads(32), 0) == "");
  for (const int n : {1, 32, 128}) {
    check_has(said(words::writes_past_end, threads(n == 128 ? 1 : 32), n),
              {"s_x was written past its end"});
    check_has(said(words::writes_before_begin, threads(n == 128 ? 1 : 32), n),
              {"s_x was written before its beginning"});
  }
}
#endif

TEST_CASE("emulator: misaligned accesses name their line") {
  check_has(said(words::vectors, threads(32), 1),
            {"block (0,0,0) thread (0,0,0)", "misaligned vector load", line("unaligned load")});
  check_has(said(words::vectors_bf16, threads(32), 2),
            {"misaligned vector store", line("unaligned store")});
  check_has(said(words::copy_unaligned, threads(1), 4), {"16 bytes", line("unaligned copy")});
  CHECK(said(words::copy_unaligned, threads(1), 16) == "");
  check_has(said(words::copy_to_global, threads(1)), {"shared memory", line("copy to global")});
  check_has(said(words::matrices, threads(32), 4), {"16 bytes", line("unaligned row")});
}

TEST_CASE("emulator: threads that miss each other name who waits where") {
  check_has(
      said(words::divergent_barriers, threads(64)),
      {"divergent barriers", "thread (32,0,0)", line("one barrier"), line("another barrier")});
  check_has(said(words::leaves_before_barrier, threads(64)),
            {"thread (40,0,0)", "left the kernel", line("barrier that one misses")});
  check_has(said(words::barrier_after_leaving, threads(64)),
            {"thread (1,0,0)", "that a thread has missed", line("missed barrier")});
  check_has(said(words::barrier_of_half, threads(64)),
            {"never come", line("barrier of half"), line("warp of a few")});
  check_has(said(words::leaves_warp, threads(32)),
            {"thread (16,0,0)", "left the kernel", "mask", line("warp that some leave")});
  check_has(said(words::mask_without_self, threads(32)),
            {"thread (31,0,0)", "not in the mask", line("mask without self")});
  check_has(said(words::mask_with_left_lane, threads(32)),
            {"lane 0", "left the kernel", line("mask with a lane that left")});
  check_has(said(words::masks_differ, threads(32)), {"never come", line("masks differ")});
  check_has(said(words::shuffle_from_outside, threads(32)),
            {"takes no part", line("shuffle from outside")});
  check_has(said(words::product_of_half_warp, threads(16)),
            {"needs 32 lanes", line("product of half a warp")});
  check_has(said(words::shuffles_differ, threads(32)),
            {"thread (16,0,0)", line("one shuffle"), line("another shuffle")});
  check_has(said(words::launches_a_kernel, threads(1)), {"a kernel starts a kernel"});
}

TEST_CASE("emulator: they do so in every schedule, and the next launch is as good as new") {
  WordFn* const mistakes[] = {words::divergent_barriers,    words::leaves_before_barrier,
                              words::barrier_after_leaving, words::barrier_of_half,
                              words::leaves_warp,           words::mask_without_self,
                              words::mask_with_left_lane,   words::masks_differ,
                              words::shuffle_from_outside,  words::shuffles_differ};
  for (int i = 0; i < 32 * 64; ++i) g_in[i] = float(i);
  for (const emulator::Schedule& schedule : emulator::schedules()) {
    CAPTURE(emulator::to_string(schedule));
    emulator::schedule() = schedule;
    for (WordFn* mistake : mistakes) {
      const bool warp = mistake == words::shuffle_from_outside;
      CHECK(said(mistake, {.blocks = {3}, .threads = {warp ? 32 : 64}}) != "");
      CHECK(said(words::reversed, {.blocks = {3}, .threads = {256}}) == "");
      CHECK(g_out[256] == 511);
    }
  }
  emulator::schedule() = {};
}

TEST_CASE("emulator: the first bad block is the one that many processors report") {
  const gpu::Grid grid = {.blocks = {100}, .threads = {64}};
  for (int i = 0; i < 10; ++i) {
    check_has(said(words::divergent_barriers, grid), {"block (0,0,0)"});
    CHECK(said(words::barrier_loop, grid, 3) == "");
  }
}

// The race check alone, told of accesses one by one.
struct Told {
  emulator::RaceCheck check;
  Told() {
    check.launch_begins();
    check.block_begins();
  }
  // The number of races that the access makes.
  int access(int thread, std::uintptr_t address, std::uint32_t bytes, AccessKind kind,
             bool shared = true) {
    emulator::Position at;
    at.linear = thread;
    at.warp = thread / 32;
    at.lane = thread % 32;
    const std::uint64_t before = check.count();
    check.access({reinterpret_cast<const void*>(address), bytes, kind, shared, g_in}, at);
    return int(check.count() - before);
  }
  int read(int thread, std::uintptr_t address, std::uint32_t bytes = 4, bool shared = true) {
    return access(thread, address, bytes, AccessKind::read, shared);
  }
  int write(int thread, std::uintptr_t address, std::uint32_t bytes = 4, bool shared = true) {
    return access(thread, address, bytes, AccessKind::write, shared);
  }
};

TEST_CASE("race check: two threads, one of them writing") {
  Told t;
  CHECK(t.write(0, 64) == 0);
  CHECK(t.read(0, 64) == 0);  // the same thread
  CHECK(t.read(1, 64) == 1);
  CHECK(t.read(1, 68) == 0);             // another place
  CHECK(t.read(2, 68) == 0);             // reads alone
  CHECK(t.write(2, 68) == 1);            // thread 1 may not have read yet
  CHECK(t.check.reports().size() == 1);  // one pair of instructions
  CHECK(t.check.first().starts_with("race on shared memory: read at "));
}

TEST_CASE("race check: bytes count, not words") {
  Told t;
  CHECK(t.write(0, 64, 1) == 0);
  CHECK(t.write(1, 65, 1) == 0);
  CHECK(t.write(2, 66, 2) == 0);
  CHECK(t.read(2, 66, 2) == 0);
  CHECK(t.read(3, 65, 1) == 1);
  CHECK(t.read(3, 60, 4) == 0);
  CHECK(t.read(3, 62, 16) == 4);
  CHECK(t.write(0, 96, 16) == 0);
  CHECK(t.read(1, 111, 1) == 1);
  CHECK(t.read(1, 112, 1) == 0);
}

TEST_CASE("race check: barriers of the block order all, those of a warp its lanes") {
  Told t;
  t.write(0, 64);
  t.write(40, 128);
  t.check.warp_barrier(0);
  CHECK(t.read(1, 64) == 0);
  CHECK(t.read(1, 128) == 1);   // of another warp
  CHECK(t.write(33, 64) == 2);  // after the write and the read of warp 0
  t.check.barrier();
  CHECK(t.write(70, 64) == 0);
  CHECK(t.write(70, 128) == 0);
}

TEST_CASE("race check: of many reads none is forgotten") {
  Told t;
  t.read(3, 64);
  t.read(40, 64);
  t.check.warp_barrier(1);
  CHECK(t.write(40, 64) == 1);  // thread 3 has read
  t.check.barrier();
  t.read(5, 64);
  t.read(6, 64);
  t.check.warp_barrier(0);
  CHECK(t.write(6, 64) == 0);
  t.check.barrier();
  t.read(5, 256, 4, false);
  t.check.block_begins();
  t.read(5, 256, 4, false);
  CHECK(t.write(5, 256, 4, false) == 1);  // the other block has read
}

TEST_CASE("race check: blocks share global memory, launches follow each other") {
  Told t;
  t.write(0, 64);
  t.write(0, 128, 4, false);
  t.check.block_begins();
  CHECK(t.read(9, 64) == 0);  // shared memory of its own
  CHECK(t.read(9, 128, 4, false) == 1);
  t.check.launch_begins();
  t.check.block_begins();
  CHECK(t.write(3, 128, 4, false) == 0);
}

TEST_CASE("race check: atomic operations race with plain ones only") {
  Told t;
  CHECK(t.access(0, 64, 4, AccessKind::atomic, false) == 0);
  CHECK(t.access(1, 64, 4, AccessKind::atomic, false) == 0);
  CHECK(t.read(2, 64, 4, false) == 1);
  CHECK(t.write(3, 64, 4, false) == 2);
}

#if defined(DAGAN_HAS_CHECKED)
TEST_CASE("race check: a barrier of a part of a warp does not order the rest of it") {
  emulator::RaceCheck check;
  const emulator::Watch watch(check);
  checked::words::orders_half_a_warp(threads(32), g_in, g_out, 32);
  CHECK(check.count() == 0);
  checked::words::orders_half_a_warp(threads(32), g_in, g_out, 16);
  REQUIRE(check.count() == 1);
  check_has(check.first(), {"on shared memory", "tests/" + line("other lane"),
                            "tests/" + line("lane 0"), "thread 20"});
}

emulator::AccessTotals counts(WordFn* word, int n) {
  emulator::AccessCounters counters;
  const emulator::Watch watch(counters);
  word(threads(32), g_in, g_out, n);
  return counters.totals();
}

TEST_CASE("counters: bank conflicts") {
  const auto passes = [](WordFn* word, int n) {
    const emulator::AccessTotals totals = counts(word, n);
    CHECK(totals.shared.requests == 1);
    CHECK(totals.shared.lanes == 32);
    CHECK(totals.global.requests == 0);
    return std::pair(totals.shared.passes, totals.shared.ideal_passes);
  };
  using Passes = std::pair<std::int64_t, std::int64_t>;
  CHECK(passes(checked::words::strided_shared, 0) == Passes(1, 1));  // one word for all
  CHECK(passes(checked::words::strided_shared, 1) == Passes(1, 1));
  CHECK(passes(checked::words::strided_shared, 2) == Passes(2, 1));
  CHECK(passes(checked::words::strided_shared, 32) == Passes(32, 1));
  CHECK(passes(checked::words::strided_shared, 33) == Passes(1, 1));
  CHECK(passes(checked::words::strided_shared_wide, 4) == Passes(4, 4));
  CHECK(passes(checked::words::strided_shared_wide, 8) == Passes(8, 4));
  CHECK(passes(checked::words::strided_shared_wide, 32) == Passes(32, 4));
  CHECK(passes(checked::words::strided_shared_wide, 36) == Passes(4, 4));
}

TEST_CASE("counters: sectors") {
  const auto sectors = [](int n) {
    const emulator::AccessTotals totals = counts(checked::words::strided_global, n);
    CHECK(totals.global.requests == 2);
    CHECK(totals.global_written == 128);
    CHECK(totals.global.sectors == totals.global_read / 32 + 4);
    return std::pair(totals.global_read / 32, totals.global.ideal_sectors - 4);
  };
  using Sectors = std::pair<std::int64_t, std::int64_t>;
  CHECK(sectors(0) == Sectors(1, 1));
  CHECK(sectors(1) == Sectors(4, 4));
  CHECK(sectors(2) == Sectors(8, 4));
  CHECK(sectors(8) == Sectors(32, 4));
}

TEST_CASE("counters: asynchronous copies, by line of the source") {
  emulator::AccessCounters counters;
  const emulator::Watch watch(counters);
  checked::words::strided_copies(threads(32), g_in, g_out, 8);
  const auto lines = counters.by_line();
  REQUIRE(lines.size() == 2);
  for (const emulator::LineCounts& counted : lines) {
    CHECK(counted.line == "tests/" + line("copies"));
    CHECK(counted.kind == (counted.shared ? AccessKind::write : AccessKind::read));
    CHECK(counted.counts.bytes == 512);
    if (counted.shared) CHECK(counted.counts.passes == 4);
    if (!counted.shared) CHECK(counted.counts.sectors == 32);
    if (!counted.shared) CHECK(counted.counts.ideal_sectors == 16);
  }
  checked::words::strided_copies(threads(32), g_in, g_out, 4);
  CHECK(counters.launches().size() == 2);
  CHECK(counters.launches()[1].global.sectors == 16);
  CHECK(counters.totals().global.sectors == 48);
  counters.clear();
  CHECK(counters.by_line().empty());
}
#endif

}  // namespace
}  // namespace dagan
