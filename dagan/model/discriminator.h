// The discriminator D: the generator's encoder and decoder without skips (paper, Fig. 2). It does
// not judge with a number: it reconstructs, and the game is about how well.
#pragma once
#include <vector>

#include "dagan/model/blocks.h"

namespace dagan {

class Discriminator {
 public:
  Discriminator(Parameters& parameters, const Architecture& architecture);
  Tensor operator()(Tensor x) const;  // (N,H,W,C) -> (N,H,W,C)

 private:
  std::vector<Down> encoder_;
  std::vector<Up> decoder_;
};

}  // namespace dagan
