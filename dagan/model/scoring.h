// How an image and its reconstruction become one score.
#pragma once

namespace dagan {

// Whose reconstruction is compared with the image. The paper scores G's alone (section 3.3).
enum class Residual { generator, discriminator, both };

struct Scoring {
  Residual residual = Residual::generator;
  int pool_radius = 2;
  float top_fraction = 0.01f;  // 1: the mean over the image, the paper's score
  // Standardise the map by each pixel's mean and spread on good images, Store entries
  // <network>.residual.mean and <network>.residual.spread (1,size,size,1). `both` adds the two
  // networks' standardised maps.
  bool standardise = false;
  float spread_shrinkage = 0.5f;  // calibrate_residual: 0 each pixel's own spread, 1 one for all
};

// Throws Fault::usage for scores that cannot be computed: `both` without standardising, whose parts
// would not be comparable.
void check_scoring(const Scoring& scoring);

}  // namespace dagan
