#include "core/plan.h"

#include <algorithm>
#include <numeric>

namespace dagan {
namespace {

// A run of bytes that is needed from node `first` to node `last`.
struct Block {
  std::int64_t bytes = 0;
  int first = 0, last = -1;
  std::int64_t offset = 0;
};

// Lives of all values, as seen by the wholes that own memory.
std::vector<Block> lives(const Tape& tape) {
  const std::vector<Value>& values = tape.values();
  const int end = int(tape.nodes().size());
  std::vector<Block> blocks(values.size(), Block{0, end, -1, 0});
  for (int node = 0; node < end; ++node) {
    const auto touch = [&](Tensor t) {
      const int whole = values[t.id].whole;
      Block& block = blocks[whole >= 0 ? whole : t.id];
      block.first = std::min(block.first, node);
      block.last = std::max(block.last, node);
    };
    for (const Tensor& t : tape.nodes()[node].in) touch(t);
    for (const Tensor& t : tape.nodes()[node].out) touch(t);
  }
  for (std::size_t id = 0; id < values.size(); ++id) {
    const Value& value = values[id];
    if (value.whole >= 0 || value.life == Life::persistent) continue;
    Block& block = blocks[id];
    block.bytes = aligned(value.shape.size() * size_of(value.dtype));
    if (value.life == Life::input || value.life == Life::constant) block.first = 0;
    if (value.life == Life::output || value.life == Life::constant) block.last = end;
    if (block.last < block.first) block.bytes = 0;  // never used
  }
  return blocks;
}

// home[id]: the value whose memory `id` lies in. Differs from id where an op works in place.
std::vector<int> share_in_place(const Tape& tape, std::vector<Block>& blocks) {
  const std::vector<Value>& values = tape.values();
  std::vector<int> home(values.size());
  std::iota(home.begin(), home.end(), 0);
  std::vector<char> has_parts(values.size(), 0);
  for (const Value& value : values) {
    if (value.whole >= 0) has_parts[value.whole] = 1;
  }
  for (int i = 0; i < int(tape.nodes().size()); ++i) {
    const Node& node = tape.nodes()[i];
    if (!node.op->in_place()) continue;
    const int x = node.in[0].id, y = node.out[0].id;
    const auto plain = [&](int id) { return values[id].whole < 0 && !has_parts[id]; };
    if (x == y || !plain(x) || !plain(y) || values[x].life != Life::transient ||
        values[y].life == Life::persistent || values[x].shape != values[y].shape ||
        values[x].dtype != values[y].dtype) {
      continue;
    }
    Block& from = blocks[home[x]];
    if (from.last != i || blocks[y].first != i) continue;
    from.last = blocks[y].last;
    blocks[y].bytes = 0;
    home[y] = home[x];
  }
  return home;
}

// Gives each block the lowest offset at which it meets no block that is alive at the same time.
std::int64_t place(std::vector<Block*> blocks, bool reuse) {
  std::stable_sort(blocks.begin(), blocks.end(),
                   [](const Block* a, const Block* b) { return a->bytes > b->bytes; });
  std::int64_t arena = 0;
  std::vector<const Block*> placed;  // by offset
  for (Block* block : blocks) {
    std::int64_t at = 0;
    for (const Block* other : placed) {
      if (reuse && (block->last < other->first || other->last < block->first)) continue;
      if (at + block->bytes <= other->offset) break;
      at = std::max(at, other->offset + other->bytes);
    }
    block->offset = at;
    arena = std::max(arena, at + block->bytes);
    const auto position =
        std::upper_bound(placed.begin(), placed.end(), block,
                         [](const Block* a, const Block* b) { return a->offset < b->offset; });
    placed.insert(position, block);
  }
  return arena;
}

}  // namespace

Plan plan(const Tape& tape, const std::vector<std::int64_t>& scratch_bytes, PlanOptions options) {
  std::vector<Block> blocks = lives(tape);
  std::int64_t without_reuse = 0;
  for (const Block& block : blocks) without_reuse += block.bytes;
  std::vector<int> home(blocks.size());
  std::iota(home.begin(), home.end(), 0);
  if (options.reuse) home = share_in_place(tape, blocks);

  const std::size_t count = blocks.size();
  std::vector<int> scratch_block(tape.nodes().size(), -1);
  for (int i = 0; i < int(tape.nodes().size()); ++i) {
    if (scratch_bytes[i] == 0) continue;
    scratch_block[i] = int(blocks.size());
    blocks.push_back({aligned(scratch_bytes[i]), i, i, 0});
    without_reuse += blocks.back().bytes;
  }

  std::vector<Block*> used;
  for (Block& block : blocks) {
    if (block.bytes > 0) used.push_back(&block);
  }
  Plan result;
  result.arena = place(std::move(used), options.reuse);
  result.arena_without_reuse = without_reuse;
  for (std::size_t id = 0; id < count; ++id) {
    const Value& value = tape.values()[id];
    const int owner = value.whole >= 0 ? home[value.whole] : home[id];
    const bool in_arena = value.life != Life::persistent && blocks[owner].bytes > 0;
    result.offset.push_back(in_arena
                                ? blocks[owner].offset +
                                      (value.whole >= 0 ? value.offset * size_of(value.dtype) : 0)
                                : -1);
  }
  for (const int index : scratch_block) {
    result.scratch.push_back(index < 0 ? -1 : blocks[index].offset);
  }
  return result;
}

}  // namespace dagan
