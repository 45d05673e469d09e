#include "kernels/emulator/counters.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>

#include "kernels/emulator/block.h"
#include "kernels/emulator/source_line.h"

namespace dagan::emulator {
namespace {

using Addresses = std::array<std::uintptr_t, 32>;

// The most different words that one bank has to give in each part of the warp, summed.
void count_passes(std::uint32_t lanes, const Addresses& address, std::uint32_t bytes,
                  AccessCounts& counts) {
  const unsigned together = bytes <= 4 ? 32 : bytes <= 8 ? 16 : 8;
  for (unsigned first = 0; first < 32; first += together) {
    std::vector<std::uintptr_t> words;
    for (unsigned lane = first; lane < first + together; ++lane) {
      if (!(lanes >> lane & 1)) continue;
      const std::uintptr_t end = address[lane] + bytes;
      for (std::uintptr_t word = address[lane] / 4; word * 4 < end; ++word) words.push_back(word);
    }
    if (words.empty()) continue;
    std::sort(words.begin(), words.end());
    words.erase(std::unique(words.begin(), words.end()), words.end());
    std::array<std::int64_t, 32> of_bank = {};
    for (const std::uintptr_t word : words) ++of_bank[word % 32];
    counts.passes += *std::max_element(of_bank.begin(), of_bank.end());
    ++counts.ideal_passes;
  }
}

void count_sectors(std::uint32_t lanes, const Addresses& address, std::uint32_t bytes,
                   AccessCounts& counts) {
  struct Part {
    std::uintptr_t sector;
    std::uint32_t bytes;  // a bit for each
  };
  std::vector<Part> parts;
  for (unsigned lane = 0; lane < 32; ++lane) {
    if (!(lanes >> lane & 1)) continue;
    std::uintptr_t at = address[lane];
    for (const std::uintptr_t end = at + bytes; at < end;) {
      const std::uintptr_t stop = std::min(end, (at / 32 + 1) * 32);
      const auto ones = std::uint32_t((std::uint64_t(1) << (stop - at)) - 1);
      parts.push_back({at / 32, ones << at % 32});
      at = stop;
    }
  }
  std::sort(parts.begin(), parts.end(),
            [](const Part& a, const Part& b) { return a.sector < b.sector; });
  std::int64_t asked = 0;
  for (std::size_t i = 0; i < parts.size();) {
    std::uint32_t mask = 0;
    const std::uintptr_t sector = parts[i].sector;
    for (; i < parts.size() && parts[i].sector == sector; ++i) mask |= parts[i].bytes;
    asked += std::popcount(mask);
    ++counts.sectors;
  }
  counts.ideal_sectors += (asked + 31) / 32;
}

const char* name(AccessKind kind) {
  static constexpr const char* kNames[] = {"read", "write", "atomic"};
  return kNames[int(kind)];
}

std::int64_t cost(const LineCounts& line) { return line.counts.passes + line.counts.sectors; }

}  // namespace

AccessCounts& AccessCounts::operator+=(const AccessCounts& o) {
  requests += o.requests;
  lanes += o.lanes;
  bytes += o.bytes;
  passes += o.passes;
  ideal_passes += o.ideal_passes;
  sectors += o.sectors;
  ideal_sectors += o.ideal_sectors;
  return *this;
}

AccessCounts& AccessCounts::operator*=(double factor) {
  for (std::int64_t* count :
       {&requests, &lanes, &bytes, &passes, &ideal_passes, &sectors, &ideal_sectors})
    *count = std::llround(factor * double(*count));
  return *this;
}

void AccessCounters::clear() {
  instructions_.clear();
  launches_.clear();
}

void AccessCounters::launch_begins() {
  flush();
  launches_.emplace_back();
}

std::int64_t AccessCounters::blocks_wanted(std::int64_t blocks) {
  const std::int64_t wanted = std::min(blocks, most_blocks_);
  blocks_for_each_ = double(blocks) / double(wanted);
  launches_.back().blocks = blocks;
  return wanted;
}

void AccessCounters::access(const Access& access, const Position& at) {
  Warp& warp = instructions_[{access.code, access.kind, access.shared}].warps[std::size_t(at.warp)];
  const auto lane = std::size_t(at.lane);
  const std::uint32_t occurrence = warp.next[lane]++;
  if (occurrence == warp.requests.size()) warp.requests.emplace_back();
  Request& request = warp.requests[occurrence];
  request.lanes |= 1u << lane;
  request.bytes = std::max(request.bytes, access.bytes);
  request.address[lane] = std::uintptr_t(access.address);
}

void AccessCounters::flush() {
  for (auto& [key, instruction] : instructions_) {
    for (Warp& warp : instruction.warps) flush(key, instruction, warp);
  }
}

void AccessCounters::warp_barrier(int warp) {
  for (auto& [key, instruction] : instructions_) {
    flush(key, instruction, instruction.warps[std::size_t(warp)]);
  }
}

void AccessCounters::flush(const Key& key, Instruction& instruction, Warp& warp) {
  if (warp.requests.empty()) return;
  AccessCounts sum;
  for (const Request& request : warp.requests) {
    ++sum.requests;
    sum.lanes += std::popcount(request.lanes);
    sum.bytes += std::popcount(request.lanes) * std::int64_t(request.bytes);
    if (key.shared) {
      count_passes(request.lanes, request.address, request.bytes, sum);
    } else {
      count_sectors(request.lanes, request.address, request.bytes, sum);
    }
  }
  if (blocks_for_each_ > 1) sum *= blocks_for_each_;
  instruction.counts += sum;
  if (!launches_.empty()) {
    AccessTotals& launch = launches_.back();
    (key.shared ? launch.shared : launch.global) += sum;
    if (key.kind != AccessKind::write) launch.global_read += sum.sectors * 32;
    if (key.kind != AccessKind::read) launch.global_written += sum.sectors * 32;
  }
  warp = {};
}

AccessTotals AccessCounters::totals() const {
  AccessTotals result;
  for (const AccessTotals& launch : launches_) {
    result.shared += launch.shared;
    result.global += launch.global;
    result.global_read += launch.global_read;
    result.global_written += launch.global_written;
    result.blocks += launch.blocks;
  }
  return result;
}

std::vector<LineCounts> AccessCounters::by_line() const {
  std::vector<const void*> codes;
  for (const auto& [key, instruction] : instructions_) codes.push_back(key.code);
  const std::vector<std::string> lines = source_lines(codes);
  std::vector<LineCounts> result;
  std::size_t i = 0;
  for (const auto& [key, instruction] : instructions_) {
    const std::string& line = lines[i++];
    const auto same = std::find_if(result.begin(), result.end(), [&](const LineCounts& l) {
      return l.line == line && l.kind == key.kind && l.shared == key.shared;
    });
    if (same == result.end()) {
      result.push_back({line, key.kind, key.shared, instruction.counts});
    } else {
      same->counts += instruction.counts;
    }
  }
  std::stable_sort(result.begin(), result.end(),
                   [](const LineCounts& a, const LineCounts& b) { return cost(a) > cost(b); });
  return result;
}

std::string AccessCounters::table() const {
  std::string result = "memory kind      requests  lanes   passes|sectors  ideal  ratio  line\n";
  for (const LineCounts& l : by_line()) {
    const std::int64_t moved = l.shared ? l.counts.passes : l.counts.sectors;
    const std::int64_t ideal = l.shared ? l.counts.ideal_passes : l.counts.ideal_sectors;
    char row[160];
    std::snprintf(row, sizeof row, "%-6s %-6s %11lld %6.1f %16lld %6lld %6.2f  ",
                  l.shared ? "shared" : "global", name(l.kind),
                  static_cast<long long>(l.counts.requests),
                  double(l.counts.lanes) / double(std::max<std::int64_t>(l.counts.requests, 1)),
                  static_cast<long long>(moved), static_cast<long long>(ideal),
                  double(moved) / double(std::max<std::int64_t>(ideal, 1)));
    result += row + l.line + '\n';
  }
  return result;
}

}  // namespace dagan::emulator
