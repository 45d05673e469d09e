// The ways to batch norm on a GPU, from the first one that comes to mind to the one in the table of
// kernels: each can take the table's place. What each step changes: kernels/batch_norm/NOTES.md.
#pragma once
#include "kernels/batch_norm/batch_norm.h"

namespace dagan {

struct BatchNormVersion {
  const char* name;
  BatchNormStatisticsFn* statistics;
  BatchNormFn* apply;
  BatchNormGradFn* grad;
  BatchNormScratchFn* scratch;
};

namespace DAGAN_BACKEND {
extern const BatchNormVersion batch_norm_versions[4];
}

}  // namespace dagan
