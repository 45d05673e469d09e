#include "tests/checked.h"

namespace dagan {

#if defined(DAGAN_HAS_CHECKED)
namespace checked {
extern const Kernels kernels;
}
const Kernels* checked_kernels() { return &checked::kernels; }
#else
const Kernels* checked_kernels() { return nullptr; }
#endif

}  // namespace dagan
