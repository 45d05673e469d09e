#include "core/view.h"

#include <ostream>

namespace dagan {

std::ostream& operator<<(std::ostream& out, const Shape& s) {
  return out << '(' << s.n << ',' << s.h << ',' << s.w << ',' << s.c << ')';
}

std::ostream& operator<<(std::ostream& out, DType type) {
  switch (type) {
    case DType::f32: return out << "f32";
    case DType::bf16: return out << "bf16";
    case DType::u8: return out << "u8";
    case DType::u16: return out << "u16";
    case DType::u32: return out << "u32";
  }
  return out << "?";
}

}  // namespace dagan
