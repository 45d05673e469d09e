#include "kernels/emulator/launch.h"

#include <algorithm>
#include <atomic>
#include <string>
#include <vector>

#include "core/check.h"
#include "kernels/emulator/executor.h"

namespace dagan::emulator {
namespace {

constexpr std::int64_t kThreadsWorthATeam = 512;

std::int64_t count(gpu::Extent3 e) { return e.x * e.y * e.z; }

Extent extent(gpu::Extent3 e) { return {unsigned(e.x), unsigned(e.y), unsigned(e.z)}; }

void check_limits(const gpu::Grid& grid) {
  const auto [bx, by, bz] = grid.blocks;
  const auto [tx, ty, tz] = grid.threads;
  check(here == nullptr, "[emulator] a kernel starts a kernel");
  check(
      tx >= 1 && ty >= 1 && tz >= 1 && tx <= 1024 && ty <= 1024 && tz <= 64 && tx * ty * tz <= 1024,
      "[emulator] a block of ", tx, "x", ty, "x", tz,
      " threads: CUDA allows 1 to 1024, and 64 along z");
  check(bx >= 1 && by >= 1 && bz >= 1 && bx <= 2147483647 && by <= 65535 && bz <= 65535,
        "[emulator] a grid of ", bx, "x", by, "x", bz,
        " blocks: CUDA allows 1 to 2147483647 along x and 65535 along y and z");
  check(grid.shared_bytes >= 0 && grid.shared_bytes <= std::int64_t(kSharedBytes), "[emulator] ",
        grid.shared_bytes, " bytes of shared memory: CUDA allows ", kSharedBytes);
}

// The blocks that run: all of them, or some that are spread over the grid.
std::vector<std::uint64_t> chosen_blocks(std::int64_t blocks) {
  const std::int64_t wanted = observer() ? observer()->blocks_wanted(blocks) : blocks;
  std::vector<std::uint64_t> chosen;
  for (std::int64_t i = 0; i < wanted; ++i) chosen.push_back(std::uint64_t(i * blocks / wanted));
  return chosen;
}

void run_in_order(const gpu::Grid& grid, const Body& body, const Schedule& schedule) {
  std::vector<std::uint64_t> order = chosen_blocks(count(grid.blocks));
  if (schedule.order == Order::reverse) std::reverse(order.begin(), order.end());
  if (schedule.order >= Order::random) {
    Scheduler shuffle;
    shuffle.begin({Order::random, Copies::late, schedule.seed}, int(order.size()), ~0ull);
    const std::vector<std::uint64_t> sorted = order;
    for (std::uint64_t& block : order) block = sorted[std::size_t(shuffle.take())];
  }
  Executor& runner = executor();
  runner.begin(extent(grid.blocks), extent(grid.threads), std::size_t(grid.shared_bytes), body,
               schedule, observer());
  for (const std::uint64_t block : order) {
    const std::string problem = runner.run(block);
    check(problem.empty(), "[emulator] ", problem);
  }
}

void run_on_all_processors(const gpu::Grid& grid, const Body& body) {
  const std::int64_t blocks = count(grid.blocks);
  std::string problem;
  std::atomic<std::int64_t> first_bad = blocks;
#pragma omp parallel
  {
    std::string begun;
    try {
      executor().begin(extent(grid.blocks), extent(grid.threads), std::size_t(grid.shared_bytes),
                       body, {}, nullptr);
    } catch (const std::exception& error) {
      begun = error.what();
    }
#pragma omp for schedule(dynamic)
    for (std::int64_t block = 0; block < blocks; ++block) {
      if (block > first_bad) continue;
      std::string mine = begun.empty() ? executor().run(std::uint64_t(block)) : begun;
      if (mine.empty()) continue;
#pragma omp critical
      if (block < first_bad) {
        first_bad = block;
        problem = std::move(mine);
      }
    }
  }
  check(problem.empty(), "[emulator] ", problem);
}

}  // namespace

Observer*& observer() {
  static thread_local Observer* observer = nullptr;
  return observer;
}

void launch(const gpu::Grid& grid, const Body& body) {
  check_limits(grid);
  const Schedule& order = schedule();
  if (observer()) observer()->launch_begins();
  if (observer() || order.order != Order::sequential || order.copies != Copies::late ||
      count(grid.blocks) == 1 || count(grid.blocks) * count(grid.threads) < kThreadsWorthATeam) {
    run_in_order(grid, body, order);
  } else {
    run_on_all_processors(grid, body);
  }
}

}  // namespace dagan::emulator
