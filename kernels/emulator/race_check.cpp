#include "kernels/emulator/race_check.h"

#include <algorithm>

#include "core/check.h"
#include "kernels/emulator/source_line.h"

namespace dagan::emulator {
namespace {

constexpr std::size_t kMostReports = 16;

const char* name(AccessKind kind) {
  static constexpr const char* kNames[] = {"read", "write", "atomic"};
  return kNames[int(kind)];
}

std::string to_string(Extent e) { return text('(', e.x, ',', e.y, ',', e.z, ')'); }

}  // namespace

void RaceCheck::launch_begins() {
  if (used_) std::fill(words_.begin(), words_.end(), Word());
  used_ = 0;
  bytes_.clear();
  block_ = barriers_ = 0;
}

void RaceCheck::block_begins() {
  ++block_;
  ++barriers_;
}

RaceCheck::Word& RaceCheck::word(std::uint64_t key) {
  if (used_ * 2 > words_.size()) {
    std::vector<Word> old(words_.size() * 2);
    old.swap(words_);
    used_ = 0;
    for (const Word& w : old) {
      if (w.key) word(w.key) = w;
    }
  }
  const std::size_t mask = words_.size() - 1;
  for (std::size_t i = (key * 0x9E3779B97F4A7C15u) >> 20 & mask;; i = (i + 1) & mask) {
    if (words_[i].key == key) return words_[i];
    if (words_[i].key) continue;
    words_[i].key = key;
    ++used_;
    return words_[i];
  }
}

bool RaceCheck::races(const Record& earlier, const Record& now, bool shared) const {
  if (earlier.block == 0) return false;
  if (earlier.block != now.block) return !shared;  // the next block's memory is another
  if (earlier.barrier != now.barrier) return false;
  if (earlier.warp != now.warp) return true;
  return earlier.warp_barrier == now.warp_barrier && earlier.thread != now.thread;
}

// A later access races with the result if and only if it races with one of the two.
RaceCheck::Record RaceCheck::merged(const Record& earlier, Record now, bool shared) const {
  if (!races(earlier, now, shared)) return now;
  if (earlier.block != now.block) {
    now.block = kSeveral;
  } else if (earlier.warp != now.warp) {
    now.warp = now.thread = kSeveral;
  } else {
    now.thread = kSeveral;
  }
  return now;
}

void RaceCheck::check(Records& records, const Record& now, const Access& access,
                      const Position& at) {
  static constexpr AccessKind kKinds[] = {AccessKind::write, AccessKind::read, AccessKind::atomic};
  for (const AccessKind kind : kKinds) {
    if (kind == access.kind && kind != AccessKind::write) continue;
    const Record& earlier = records[std::size_t(kind)];
    if (races(earlier, now, access.shared)) report(access, at, now, kind, earlier);
  }
  Record& mine = records[std::size_t(access.kind)];
  mine = access.kind == AccessKind::write ? now : merged(mine, now, access.shared);
}

void RaceCheck::access(const Access& access, const Position& at) {
  ++accesses_;
  const Record now = {block_,
                      barriers_,
                      std::uint32_t(at.warp),
                      warp_barriers_[std::size_t(at.warp)],
                      std::uint32_t(at.linear),
                      access.code};
  const auto begin = std::uint64_t(access.address), end = begin + access.bytes;
  for (std::uint64_t first = begin / 4 * 4; first < end; first += 4) {
    Word& w = word(first / 4 + 1);
    const bool whole = first >= begin && first + 4 <= end;
    if (whole && w.bytes < 0) {
      check(w.records, now, access, at);
      continue;
    }
    if (w.bytes < 0) {
      w.bytes = std::int64_t(bytes_.size());
      bytes_.push_back({w.records, w.records, w.records, w.records});
    }
    for (std::uint64_t i = std::max(first, begin); i < std::min(first + 4, end); ++i) {
      check(bytes_[std::size_t(w.bytes)][i - first], now, access, at);
    }
  }
}

void RaceCheck::report(const Access& access, const Position& at, const Record& now, AccessKind kind,
                       const Record& earlier) {
  ++count_;
  if (races_.size() == kMostReports) return;
  if (!seen_.insert(std::minmax(now.code, earlier.code)).second) return;
  races_.push_back({access, kind, now, earlier, at});
}

std::vector<std::string> RaceCheck::reports() const {
  std::vector<std::string> result;
  for (const Race& race : races_) {
    const auto lines = source_lines({race.access.code, race.earlier.code});
    std::string who = text("thread ", race.earlier.thread);
    if (race.earlier.thread == kSeveral) who = "several threads";
    if (race.earlier.block == kSeveral) who = "several blocks";
    if (race.earlier.block != race.now.block && race.earlier.block != kSeveral) {
      who += " of another block";
    }
    result.push_back(text("race on ", race.access.shared ? "shared" : "global",
                          " memory: ", name(race.access.kind), " at ", lines[0], " by thread ",
                          race.at.linear, " of block ", to_string(race.at.block), ", ",
                          name(race.earlier_kind), " at ", lines[1], " by ", who));
  }
  return result;
}

std::string RaceCheck::first() const {
  const auto all = reports();
  return all.empty() ? std::string() : all.front();
}

}  // namespace dagan::emulator
