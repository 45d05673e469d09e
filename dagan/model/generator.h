// The generator G: a U-Net that maps an image in [-1,1] to its reconstruction (paper, Fig. 2).
#pragma once
#include <vector>

#include "dagan/model/blocks.h"

namespace dagan {

class Generator {
 public:
  Generator(Parameters& parameters, const Architecture& architecture);
  Tensor operator()(Tensor x) const;  // (N,H,W,C) -> (N,H,W,C)

 private:
  std::vector<Down> encoder_;
  std::vector<Up> decoder_;
};

}  // namespace dagan
