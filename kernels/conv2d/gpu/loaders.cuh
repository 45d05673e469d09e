// Copies of operands into tiles of shared memory. Each thread copies one column of kElements
// neighbours in several rows of the tile; what lies in the padding or past the end becomes zero.
#pragma once
#include "kernels/conv2d/gpu/tile.cuh"

namespace dagan::DAGAN_BACKEND::implicit_gemm {

template <class T, int kElements>
GPU_DEVICE void copy(unsigned char* s_to, const T* g_from, bool valid) {
  constexpr int kBytes = kElements * int(sizeof(T));
  if constexpr (kBytes >= 4) {
    gpu::copy_async<kBytes>(s_to, g_from, valid);
  } else {  // cp.async moves 4 bytes at least
    *reinterpret_cast<T*>(s_to) = valid ? *g_from : T{};
  }
}

// Which thread copies what in a tile of kRows x kColumns elements.
template <int kRows, int kColumns, int kThreads, int kElements>
struct Share {
  static constexpr int kUnits = kColumns / kElements;
  static constexpr int kRowStep = kThreads / kUnits, kCount = kRows / kRowStep;
  static_assert(kThreads % kUnits == 0 && kRows % kRowStep == 0 && kCount >= 1);

  static GPU_DEVICE int column() { return int(threadIdx.x) % kUnits * kElements; }
  static GPU_DEVICE int row(int i) { return int(threadIdx.x) / kUnits + i * kRowStep; }

  // Where the i-th copy goes. Chunks are exchanged alike in every eighth row.
  template <class Layout>
  static GPU_DEVICE int place(int i) {
    if (kRowStep % 8 != 0) return Layout::element(row(i), column());
    return Layout::element(row(0), column()) + i * kRowStep * Layout::kRowBytes;
  }
};

// Windows of a tensor: row m of the operand is the window of the m-th point of a grid, its columns
// are (tap, channel).
struct Windows {
  const void* data;
  int height, width, pitch, channels;  // of the tensor
  int grid_rows, grid_columns;         // of each image
  int y, x, step;                      // the tensor's pixel of tap (0,0) at the first point
  int taps_down, taps_right, tap;      // tap: pixels from one tap to the next, 1 or -1
  int count;                           // rows of the operand
};

template <class T, int kRows, int kThreads, int kElements>
class WindowColumns {
 public:
  using Layout = RowTile<T>;

  GPU_DEVICE WindowColumns(const Windows& windows, int first_row, int first_depth)
      : windows_(windows),
        at_(first_depth + Share::column(), kDepth<T>, windows.taps_right, windows.channels) {
    for (int i = 0; i < Share::kCount; ++i) {
      const int m = first_row + Share::row(i);
      const int column = m % windows.grid_columns, line = m / windows.grid_columns;
      const int image = line / windows.grid_rows;
      const int y = windows.y + line % windows.grid_rows * windows.step;
      const int x = windows.x + column * windows.step;
      r_offset_[i] = ((image * windows.height + y) * windows.width + x) * windows.pitch;
      r_pixel_[i] = (m < windows.count ? y : kOutside) * 65536 + (x & 0xffff);
    }
  }

  GPU_DEVICE void copy_tile(unsigned char* s_tile) {
    const int down = at_.high * windows_.tap, right = at_.middle * windows_.tap;
    const int offset = (down * windows_.width + right) * windows_.pitch + at_.low;
    const bool inside = at_.high < windows_.taps_down;
    for (int i = 0; i < Share::kCount; ++i) {
      const int y = (r_pixel_[i] >> 16) + down, x = short(r_pixel_[i]) + right;
      const bool valid = inside && unsigned(y) < unsigned(windows_.height) &&
                         unsigned(x) < unsigned(windows_.width);
      copy<T, kElements>(s_tile + Share::template place<Layout>(i),
                         static_cast<const T*>(windows_.data) + (valid ? r_offset_[i] + offset : 0),
                         valid);
    }
    at_.advance();
  }

 private:
  using Share = implicit_gemm::Share<kRows, kDepth<T>, kThreads, kElements>;
  static constexpr int kOutside = -20000;

  const Windows& windows_;
  Digits at_;  // tap down, tap to the right, channel
  int r_offset_[Share::kCount];
  int r_pixel_[Share::kCount];  // of tap (0,0): y in the upper half, x in the lower
};

// Rows of a matrix whose columns are the depth.
struct Matrix {
  const void* data;
  int pitch, rows, columns;
};

template <class T, int kRows, int kThreads, int kElements>
class MatrixColumns {
 public:
  using Layout = RowTile<T>;

  GPU_DEVICE MatrixColumns(const Matrix& matrix, int first_row, int first_depth)
      : matrix_(matrix), row_(first_row), depth_(first_depth + Share::column()) {}

  GPU_DEVICE void copy_tile(unsigned char* s_tile) {
    for (int i = 0; i < Share::kCount; ++i) {
      const int row = row_ + Share::row(i);
      const bool valid = row < matrix_.rows && depth_ < matrix_.columns;
      copy<T, kElements>(
          s_tile + Share::template place<Layout>(i),
          static_cast<const T*>(matrix_.data) + (valid ? row * matrix_.pitch + depth_ : 0), valid);
    }
    depth_ += kDepth<T>;
  }

 private:
  using Share = implicit_gemm::Share<kRows, kDepth<T>, kThreads, kElements>;
  const Matrix& matrix_;
  int row_, depth_;
};

// Rows of a matrix that are the depth.
template <class T, int kWidth, int kThreads, int kElements>
class MatrixRows {
 public:
  using Layout = DepthTile<T, kWidth>;

  GPU_DEVICE MatrixRows(const Matrix& matrix, int first_column, int first_depth)
      : matrix_(matrix), column_(first_column + Share::column()), depth_(first_depth) {}

  GPU_DEVICE void copy_tile(unsigned char* s_tile) {
    for (int i = 0; i < Share::kCount; ++i) {
      const int row = depth_ + Share::row(i);
      const bool valid = row < matrix_.rows && column_ < matrix_.columns;
      copy<T, kElements>(
          s_tile + Share::template place<Layout>(i),
          static_cast<const T*>(matrix_.data) + (valid ? row * matrix_.pitch + column_ : 0), valid);
    }
    depth_ += kDepth<T>;
  }

 private:
  using Share = implicit_gemm::Share<kDepth<T>, kWidth, kThreads, kElements>;
  const Matrix& matrix_;
  int column_, depth_;
};

// Windows whose depth are the points of the grid; the operand's columns are (tap, channel).
template <class T, int kWidth, int kThreads, int kElements>
class WindowRows {
 public:
  using Layout = DepthTile<T, kWidth>;

  GPU_DEVICE WindowRows(const Windows& windows, int first_column, int first_depth)
      : windows_(windows),
        at_(first_depth + Share::row(0), Share::kRowStep, windows.grid_rows, windows.grid_columns),
        images_(windows.count / windows.grid_rows / windows.grid_columns) {
    const int column = first_column + Share::column();
    const int tap = column / windows.channels;
    const int down = tap / windows.taps_right;
    channel_ = column % windows.channels;
    y_ = windows.y + down;
    x_ = windows.x + tap % windows.taps_right;
    if (down >= windows.taps_down) images_ = 0;
  }

  GPU_DEVICE void copy_tile(unsigned char* s_tile) {
    for (int i = 0; i < Share::kCount; ++i, at_.advance()) {
      const int y = y_ + at_.middle * windows_.step, x = x_ + at_.low * windows_.step;
      const bool valid = at_.high < images_ && unsigned(y) < unsigned(windows_.height) &&
                         unsigned(x) < unsigned(windows_.width);
      const int pixel = (at_.high * windows_.height + y) * windows_.width + x;
      copy<T, kElements>(
          s_tile + Share::template place<Layout>(i),
          static_cast<const T*>(windows_.data) + (valid ? pixel * windows_.pitch + channel_ : 0),
          valid);
    }
  }

 private:
  using Share = implicit_gemm::Share<kDepth<T>, kWidth, kThreads, kElements>;
  const Windows& windows_;
  Digits at_;  // image, row and column of the grid
  int images_, channel_, y_, x_;
};

// The filters as the input gradient reads them: the depth is (tap of a phase, filter), the columns
// are the channels.
struct Taps {
  const void* data;
  int filters, channels, rows, columns;            // the filter tensor (K,R,S,C)
  int first_row, first_column, step, down, right;  // the taps of the phase
};

template <class T, int kWidth, int kThreads, int kElements>
class TapRows {
 public:
  using Layout = DepthTile<T, kWidth>;

  GPU_DEVICE TapRows(const Taps& taps, int first_column, int first_depth)
      : taps_(taps),
        at_(first_depth + Share::row(0), Share::kRowStep, taps.right, taps.filters),
        channel_(first_column + Share::column()) {}

  GPU_DEVICE void copy_tile(unsigned char* s_tile) {
    for (int i = 0; i < Share::kCount; ++i, at_.advance()) {
      const int r = taps_.first_row + at_.high * taps_.step;
      const int s = taps_.first_column + at_.middle * taps_.step;
      const bool valid = at_.high < taps_.down && channel_ < taps_.channels;
      const int tap = (at_.low * taps_.rows + r) * taps_.columns + s;
      copy<T, kElements>(
          s_tile + Share::template place<Layout>(i),
          static_cast<const T*>(taps_.data) + (valid ? tap * taps_.channels + channel_ : 0), valid);
    }
  }

 private:
  using Share = implicit_gemm::Share<kDepth<T>, kWidth, kThreads, kElements>;
  const Taps& taps_;
  Digits at_;  // tap down, tap to the right, filter
  int channel_;
};

}  // namespace dagan::DAGAN_BACKEND::implicit_gemm
