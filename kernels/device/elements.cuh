// Element-wise work over views: how elements are found and moved.
#pragma once
#include <algorithm>
#include <initializer_list>

#include "core/bf16.h"
#include "kernels/device/gpu.h"

namespace dagan::gpu::inline DAGAN_BACKEND {

// V neighbours, as f32 whatever they are stored as. The type is the same for a whole launch, so
// asking for it costs nothing beside the access.
template <int V>
GPU_DEVICE Vec<float, V> read(const View& view, std::int64_t offset) {
  if (view.dtype == DType::f32)
    return load<float, V>(static_cast<const float*>(view.data) + offset);
  const auto stored = load<bf16, V>(static_cast<const bf16*>(view.data) + offset);
  Vec<float, V> result;
  for (int i = 0; i < V; ++i) result[i] = float(stored[i]);
  return result;
}

// Sets, or adds to what is there.
template <int V>
GPU_DEVICE void write(const View& view, std::int64_t offset, Vec<float, V> values,
                      Write how = Write::overwrite) {
  if (how == Write::accumulate) {
    const Vec<float, V> old = read<V>(view, offset);
    for (int i = 0; i < V; ++i) values[i] += old[i];
  }
  if (view.dtype == DType::f32) {
    store(static_cast<float*>(view.data) + offset, values);
    return;
  }
  Vec<bf16, V> stored;
  for (int i = 0; i < V; ++i) stored[i] = bf16(values[i]);
  store(static_cast<bf16*>(view.data) + offset, stored);
}

// Calls f(pixel, channel) for every V neighbours of `shape`, each once in the whole grid.
template <int V, class F>
GPU_DEVICE void for_each_element(Shape shape, F f) {
  const auto channels = unsigned(shape.c / V), count = unsigned(shape.size() / V);
  const unsigned step = gridDim.x * blockDim.x;
  for (unsigned i = blockIdx.x * blockDim.x + threadIdx.x; i < count; i += step) {
    f(i / channels, i % channels * V);
  }
}

// Where that element of a view is, in elements.
GPU_DEVICE std::int64_t offset(const View& view, unsigned pixel, unsigned channel) {
  return std::int64_t(pixel) * view.pitch + channel;
}

// The host's side.

// Whether every 4 neighbours, counted from channel 0, lie as one vector.
inline bool wide(const View& view) {
  const auto bytes = std::uintptr_t(size_of(view.dtype) * 4);
  return view.shape.c % 4 == 0 && view.pitch % 4 == 0 &&
         reinterpret_cast<std::uintptr_t>(view.data) % bytes == 0;
}

// Blocks of kElementThreads for so many elements, or vectors of them.
inline constexpr std::int64_t kElementThreads = 256;
inline std::int64_t element_blocks(std::int64_t count) {
  constexpr std::int64_t kMost = 2048;
  return std::min((count + kElementThreads - 1) / kElementThreads, kMost);
}

// Views of one shape, seen as one long pixel where none is a slice, and how many neighbours move
// at once.
template <int N>
struct Elements {
  View views[N];
  int vector = 1;  // 1 or 4
  Grid grid;

  Elements(std::initializer_list<View> list) {
    int n = 0;
    bool contiguous = true, all_wide = true;
    for (const View& view : list) {
      views[n++] = view;
      contiguous = contiguous && (!view || view.contiguous());
    }
    const Shape shape = views[0].shape;
    require(shape.size() < (std::int64_t(1) << 31), "gpu", shape, "has 2^31 elements or more");
    for (View& view : views) {
      if (!view) continue;
      if (contiguous) view.shape = {1, 1, 1, view.pitch = shape.size()};
      all_wide = all_wide && wide(view);
    }
    vector = all_wide ? 4 : 1;
    grid = {.blocks = {element_blocks(shape.size() / vector)}, .threads = {kElementThreads}};
  }
};

}  // namespace dagan::gpu::inline DAGAN_BACKEND
