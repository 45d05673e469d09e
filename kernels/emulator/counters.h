// What a profiler would count: how well the lanes of a warp share their trips to memory. A request
// is what the lanes of a warp do together at one instruction: the n-th access of each since the
// last barrier that they all passed.
#pragma once
#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "kernels/emulator/observer.h"

namespace dagan::emulator {

struct AccessCounts {
  std::int64_t requests = 0, lanes = 0, bytes = 0;  // bytes: of all lanes together
  // Shared memory serves 32 words a pass, each from a bank of its own: 32 lanes of up to 4 bytes,
  // 16 of 8 or 8 of 16. Ideal: one pass for each such part of the warp.
  std::int64_t passes = 0, ideal_passes = 0;
  // Global memory moves sectors of 32 bytes. Ideal: as few as could hold the bytes asked for.
  std::int64_t sectors = 0, ideal_sectors = 0;

  AccessCounts& operator+=(const AccessCounts&);
  AccessCounts& operator*=(double);
};

struct AccessTotals {
  AccessCounts shared, global;
  std::int64_t global_read = 0, global_written = 0;  // bytes, moved as sectors
  std::int64_t blocks = 0;                           // of a launch, or of all
};

struct LineCounts {
  std::string line;  // conv2d/gpu.cu:45
  AccessKind kind;
  bool shared;
  AccessCounts counts;
};

class AccessCounters : public Observer {
 public:
  AccessCounters() = default;
  // Runs at most so many blocks of a launch and counts for the others what these did on average.
  explicit AccessCounters(std::int64_t most_blocks) : most_blocks_(most_blocks) {}

  // Since this object was made or cleared.
  AccessTotals totals() const;
  std::vector<AccessTotals> launches() const { return launches_; }
  std::vector<LineCounts> by_line() const;  // the costliest first; not for inside a kernel
  std::string table() const;                // the same, to read
  void clear();

  void launch_begins() override;
  std::int64_t blocks_wanted(std::int64_t blocks) override;
  void block_begins() override { flush(); }
  void block_ends() override { flush(); }
  void barrier() override { flush(); }
  void warp_barrier(int warp) override;
  void access(const Access&, const Position&) override;

 private:
  struct Request {
    std::uint32_t lanes = 0, bytes = 0;
    std::array<std::uintptr_t, 32> address;
  };
  struct Warp {  // at one instruction
    std::vector<Request> requests;
    std::array<std::uint32_t, 32> next = {};  // of each lane
  };
  struct Key {
    const void* code;
    AccessKind kind;
    bool shared;
    auto operator<=>(const Key&) const = default;
  };
  struct Instruction {
    AccessCounts counts;
    std::array<Warp, 32> warps;
  };

  void flush();
  void flush(const Key&, Instruction&, Warp&);

  std::int64_t most_blocks_ = std::numeric_limits<std::int64_t>::max();
  double blocks_for_each_ = 1;  // that runs
  std::map<Key, Instruction> instructions_;
  std::vector<AccessTotals> launches_;
};

}  // namespace dagan::emulator
