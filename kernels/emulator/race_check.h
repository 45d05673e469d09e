// Finds data races exactly: no schedule has to show them. Two accesses to the same byte, at least
// one a write, or one atomic and the other not, race unless something orders them: they are of one
// thread, a barrier of the block lies between them, a whole __syncwarp of their warp, or they are
// of different launches. Nothing orders different blocks of one launch.
#pragma once
#include <array>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "kernels/emulator/block.h"
#include "kernels/emulator/observer.h"

namespace dagan::emulator {

class RaceCheck : public Observer {
 public:
  std::uint64_t count() const { return count_; }        // racing pairs of accesses
  std::uint64_t accesses() const { return accesses_; }  // 0: nothing was built to be watched
  // One line for each pair of instructions, up to a few; it names both lines of the source. Not
  // for inside a kernel.
  std::vector<std::string> reports() const;
  std::string first() const;  // or nothing

  void launch_begins() override;
  void block_begins() override;
  void barrier() override { ++barriers_; }
  void warp_barrier(int warp) override { ++warp_barriers_[std::size_t(warp)]; }
  void access(const Access&, const Position&) override;

 private:
  static constexpr std::uint32_t kSeveral = ~0u;

  // Who made the last access of one kind. Accesses that nothing orders are merged: kSeveral.
  struct Record {
    std::uint32_t block = 0, barrier = 0, warp = 0, warp_barrier = 0,
                  thread = 0;  // block 0: nobody
    const void* code = nullptr;
  };
  using Records = std::array<Record, 3>;  // by AccessKind
  struct Word {                           // four bytes
    std::uint64_t key = 0;
    std::int64_t bytes = -1;  // where each byte has its own records
    Records records;
  };
  struct Race {
    Access access;
    AccessKind earlier_kind;
    Record now, earlier;
    Position at;
  };

  Word& word(std::uint64_t key);
  bool races(const Record& earlier, const Record& now, bool shared) const;
  Record merged(const Record& earlier, Record now, bool shared) const;
  void check(Records&, const Record& now, const Access&, const Position&);
  void report(const Access&, const Position&, const Record& now, AccessKind, const Record& earlier);

  std::vector<Word> words_ = std::vector<Word>(std::size_t(1) << 12);  // a hash table
  std::size_t used_ = 0;
  std::vector<std::array<Records, 4>> bytes_;
  std::uint32_t block_ = 0, barriers_ = 0;
  std::array<std::uint32_t, 32> warp_barriers_ = {};

  std::uint64_t count_ = 0, accesses_ = 0;
  std::set<std::pair<const void*, const void*>> seen_;
  std::vector<Race> races_;
};

}  // namespace dagan::emulator
