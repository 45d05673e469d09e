// The ways to run an op, by name: from the first one that comes to mind to the one in the table of
// kernels, and the libraries that it is held against.
#pragma once
#include <string>
#include <vector>

#include "core/backend.h"
#include "kernels/version.h"

namespace dagan {

// All of a backend, the simplest first, also those that are missing here.
std::vector<KernelVersion> kernel_versions(const Backend&);

// What the table runs for activations of this type. Of an op without versions: the whole table, by
// the name "table".
KernelVersion table_version(const Backend&, const std::string& op, DType activations);

// Sets what the version has; the rest stays.
void replace(Kernels& table, const KernelVersion&);

// The backend with the versions that "OP=NAME" asks for in its table; lives until the program ends.
// Throws Fault::usage for an unknown name, with those that there are, for a version that takes
// other activations and for two of one op, and Fault::device for one that is missing here.
const Backend& backend_with(const Backend&, const std::vector<std::string>& choices,
                            DType activations);

}  // namespace dagan
