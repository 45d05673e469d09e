// Which images a step sees: every image once an epoch, in an order that is a function of the seed
// and the epoch. No state to save: a resumed run sees what the uninterrupted one would have seen.
#pragma once
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

#include "core/random.h"

namespace dagan {

class Sampler {
 public:
  Sampler(std::int64_t images, std::uint64_t seed) : order_(std::size_t(images)), philox_{seed} {}

  // The image at a position of the endless stream of epochs; step s of batch B takes sB to sB + B
  // - 1.
  std::int64_t at(std::int64_t position) {
    const auto count = std::int64_t(order_.size());
    if (position / count != epoch_) shuffle(position / count);
    return order_[std::size_t(position % count)];
  }

 private:
  // Fisher and Yates.
  void shuffle(std::int64_t epoch) {
    epoch_ = epoch;
    std::iota(order_.begin(), order_.end(), std::int64_t(0));
    for (std::size_t i = order_.size(); i > 1; --i) {
      const auto words = philox_.words(kStream + std::uint64_t(epoch), i);
      std::swap(order_[i - 1], order_[below(std::uint32_t(i), words[0])]);
    }
  }

  static constexpr std::uint64_t kStream = std::uint64_t(1)
                                           << 62;  // apart from all others of the seed
  std::vector<std::int64_t> order_;
  Philox philox_;
  std::int64_t epoch_ = -1;
};

}  // namespace dagan
