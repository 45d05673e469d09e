#include "dagan/model/generator.h"

#include "layers/activation.h"
#include "layers/concat.h"

namespace dagan {

Generator::Generator(Parameters& p, const Architecture& a) {
  for (std::int64_t level = 0; level < a.levels; ++level) encoder_.emplace_back(p, a, level);
  for (std::int64_t level = a.levels - 1; level >= 0; --level) {
    const bool innermost = level == a.levels - 1;
    decoder_.emplace_back(p, a, level, (innermost ? 1 : 2) * a.width_at(level));
  }
}

Tensor Generator::operator()(Tensor x) const {
  std::vector<Tensor> skips;
  for (const Down& down : encoder_) skips.push_back(x = down(x));
  skips.pop_back();  // the bottleneck has no skip
  for (const Up& up : decoder_) {
    x = up(x);
    if (!skips.empty()) {
      x = concat(x, relu(skips.back()));
      skips.pop_back();
    }
  }
  return x;
}

}  // namespace dagan
