#include "layers/concat.h"

#include "layers/arithmetic.h"

namespace dagan {

Tensor concat(Tensor a, Tensor b) {
  Tape& tape = *a.tape;
  const Shape as = a.shape(), bs = b.shape();
  check(as.n == bs.n && as.h == bs.h && as.w == bs.w, "[concat] ", a, " and ", b,
        " do not have the same pixels");
  const Tensor y = tape.make("concat", {as.n, as.h, as.w, as.c + bs.c}, Life::transient, a.dtype());
  check(a.dtype() == b.dtype(), "[concat] ", a, " is ", a.dtype(), ", but ", b, " is ", b.dtype());
  const auto place = [&](Tensor t, std::int64_t channel) {
    if (tape.move_into(t, y, channel)) return;
    const Tensor slice = tape.make_part(text(y.name(), "[", channel, "]"), t.shape(), y, channel);
    linear_into(t, {}, {}, slice);
  };
  place(a, 0);
  place(b, as.c);
  return y;
}

}  // namespace dagan
