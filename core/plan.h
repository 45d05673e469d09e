// Where every value of a tape lies: one arena, in which two values may share bytes if no moment
// needs both. Planned once; nothing is allocated while a program runs.
#pragma once
#include <cstdint>
#include <vector>

#include "core/tape.h"

namespace dagan {

// `bytes` and what is missing to a cache line, the widest vector too.
constexpr std::int64_t aligned(std::int64_t bytes) { return (bytes + 63) / 64 * 64; }

struct PlanOptions {
  bool reuse = true;  // off: every value has bytes of its own, the check that sharing is right
};

struct Plan {
  std::vector<std::int64_t> offset;   // bytes into the arena by value id; -1: not in the arena
  std::vector<std::int64_t> scratch;  // bytes into the arena by node; -1: the node needs none
  std::int64_t arena = 0;             // bytes
  std::int64_t arena_without_reuse = 0;
};

// Scratch bytes by node are asked for beforehand, since they depend on the kernels. Greedy by size:
// the largest block first, each at the lowest offset that is free during its life. Cost
// O(blocks^2).
Plan plan(const Tape& tape, const std::vector<std::int64_t>& scratch_bytes,
          PlanOptions options = {});

}  // namespace dagan
