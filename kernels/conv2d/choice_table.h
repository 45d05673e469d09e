// From the timings in NOTES.md; ./dev bench tune writes this file anew.
#pragma once
#include <cstdint>

namespace dagan::cpu {

// Output pixels from which on F(2x2,2x2) pays, and F(4x4,2x2).
struct WinogradPixels {
  std::int64_t from_2x2, from_4x4;
};

constexpr WinogradPixels kWinogradPixels[] = {
    {64, 256},  // conv2d
    {64, 256},  // conv2d_input_grad
    {64, 256},  // conv2d_filter_grad
};
constexpr WinogradPixels kPackedWinogradPixels[] = {
    {64, 256},  // conv2d_packed
    {64, 256},  // conv2d_packed input_grad
};

}  // namespace dagan::cpu
