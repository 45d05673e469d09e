// Which line of the source an instruction comes from.
#pragma once
#include <string>
#include <vector>

namespace dagan::emulator {

// "conv2d/gpu.cu:45" for each address that a call returns to; what the compiler inlined from
// kernels/device and kernels/emulator counts as the line of the kernel that asked for it. Asks
// binutils' addr2line, once for all addresses that it has not been asked for yet: not for inside a
// kernel. Without it, or without debug information: the address.
std::vector<std::string> source_lines(const std::vector<const void*>& return_addresses);
std::string source_line(const void* return_address);

}  // namespace dagan::emulator
