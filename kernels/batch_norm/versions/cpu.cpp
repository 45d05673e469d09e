// The versions of batch norm on the CPU: its definition in f32, without a gradient, and the one in
// the table.
#include <iterator>

#include "kernels/batch_norm/reference.h"
#include "kernels/dense.h"
#include "kernels/version.h"

namespace dagan::cpu {
namespace {

void statistics_definition(const Launch&, BatchNormGeometry geometry, View x, View mean, View rstd,
                           View running_mean, View running_var) {
  Dense out[] = {Dense(mean), Dense(rstd), Dense(running_mean), Dense(running_var)};
  reference::batch_norm_statistics(geometry, Dense(x).array(), out[0].array(), out[1].array(),
                                   out[2].array(), out[3].array());
  for (Dense& each : out) each.store();
}

void apply_definition(const Launch&, View x, View mean, View rstd, View gamma, View beta,
                      float slope, View y) {
  Dense out(y);
  reference::batch_norm(Dense(x).array(), Dense(mean).array(), Dense(rstd).array(),
                        Dense(gamma).array(), Dense(beta).array(), slope, out.array());
  out.store();
}

constexpr KernelVersion kVersions[] = {
    {.op = "batch_norm",
     .name = "definition",
     .entries = {.batch_norm_statistics = statistics_definition, .batch_norm = apply_definition},
     .any_dtype = true},
    {.op = "batch_norm",
     .name = "blocks",
     .entries = {.batch_norm_statistics = batch_norm_statistics,
                 .batch_norm = batch_norm,
                 .batch_norm_grad = batch_norm_grad,
                 .batch_norm_scratch = batch_norm_scratch},
     .in_table = true,
     .any_dtype = true},
};

}  // namespace

constexpr KernelVersions batch_norm_versions = {kVersions, std::size(kVersions)};

}  // namespace dagan::cpu
