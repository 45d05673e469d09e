#include "dagan/model/discriminator.h"

namespace dagan {

Discriminator::Discriminator(Parameters& p, const Architecture& a) {
  for (std::int64_t level = 0; level < a.levels; ++level) encoder_.emplace_back(p, a, level);
  for (std::int64_t level = a.levels - 1; level >= 0; --level) {
    decoder_.emplace_back(p, a, level, a.width_at(level));
  }
}

Tensor Discriminator::operator()(Tensor x) const {
  for (const Down& down : encoder_) x = down(x);
  for (const Up& up : decoder_) x = up(x);
  return x;
}

}  // namespace dagan
