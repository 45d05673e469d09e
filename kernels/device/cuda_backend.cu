// The CUDA backend: memory, copies, and a step that is recorded once and replayed as a graph.
#include <cstring>
#include <memory>

#include "core/check.h"
#include "kernels/backend.h"
#include "kernels/device/cuda.cuh"
#include "kernels/kernels.h"

namespace dagan {
namespace gpu::inline DAGAN_BACKEND {

void require_cuda(cudaError_t error, const char* where) {
  check(Fault::device, error == cudaSuccess, "[cuda] ", where, ": ", cudaGetErrorString(error));
}

}  // namespace gpu::inline DAGAN_BACKEND

namespace {

using gpu::require_cuda;

// Pinned host memory: the GPU copies only from and to it without another copy in between, so the
// two halves take turns, one being filled while the other is on its way.
class Staging {
 public:
  static constexpr std::size_t kBytes = std::size_t(4) << 20;

  explicit Staging(cudaStream_t stream) : stream_(stream) {
    for (Half& half : halves_) {
      require_cuda(cudaMallocHost(&half.memory, kBytes), "cudaMallocHost");
      require_cuda(cudaEventCreateWithFlags(&half.free, cudaEventDisableTiming), "cudaEventCreate");
    }
  }

  void to_device(std::byte* to, const std::byte* from, std::size_t bytes) {
    for (std::size_t at = 0; at < bytes; at += kBytes) {
      Half& half = halves_[at / kBytes % 2];
      const std::size_t count = std::min(kBytes, bytes - at);
      require_cuda(cudaEventSynchronize(half.free), "cudaEventSynchronize");
      std::memcpy(half.memory, from + at, count);
      start(half, to + at, half.memory, count);
    }
    require_cuda(cudaStreamSynchronize(stream_), "copy to the GPU");
  }

  void to_host(std::byte* to, const std::byte* from, std::size_t bytes) {
    const auto count = [&](std::size_t at) { return std::min(kBytes, bytes - at); };
    if (bytes > 0) start(halves_[0], halves_[0].memory, from, count(0));
    for (std::size_t at = 0; at < bytes; at += kBytes) {
      Half& half = halves_[at / kBytes % 2];
      Half& other = halves_[(at / kBytes + 1) % 2];
      const std::size_t next = at + kBytes;
      if (next < bytes) start(other, other.memory, from + next, count(next));
      require_cuda(cudaEventSynchronize(half.free), "copy from the GPU");
      std::memcpy(to + at, half.memory, count(at));
    }
  }

 private:
  struct Half {
    std::byte* memory = nullptr;
    cudaEvent_t free = nullptr;
  };

  void start(Half& half, void* to, const void* from, std::size_t bytes) {
    require_cuda(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, stream_), "cudaMemcpyAsync");
    require_cuda(cudaEventRecord(half.free, stream_), "cudaEventRecord");
  }

  cudaStream_t stream_;
  Half halves_[2];
};

// The stream and the staging memory live as long as the program.
struct Device {
  cudaStream_t stream = nullptr;
  std::unique_ptr<Staging> staging;
};

Device open_device() {
  int count = 0;
  const cudaError_t found = cudaGetDeviceCount(&count);
  check(Fault::device, found == cudaSuccess && count > 0,
        "--device cuda: ", found == cudaSuccess ? "no GPU" : cudaGetErrorString(found),
        "; --device emulated runs the same kernels on the CPU");
  Device device;
  require_cuda(cudaStreamCreateWithFlags(&device.stream, cudaStreamNonBlocking),
               "cudaStreamCreate");
  device.staging = std::make_unique<Staging>(device.stream);
  return device;
}

Device& device() {
  static Device device = open_device();
  return device;
}

void* allocate(std::size_t bytes) {
  void* memory = nullptr;
  const cudaError_t error = cudaMalloc(&memory, std::max<std::size_t>(bytes, 1));
  check(Fault::device, error == cudaSuccess, "[cuda] ", bytes,
        " bytes of GPU memory were asked for: ", cudaGetErrorString(error));
  require_cuda(cudaMemsetAsync(memory, 0, bytes, device().stream), "cudaMemset");
  return memory;
}

void release(void* memory) { cudaFree(memory); }

bool on_device(const void* address) {
  cudaPointerAttributes attributes = {};
  require_cuda(cudaPointerGetAttributes(&attributes, address), "cudaPointerGetAttributes");
  return attributes.type == cudaMemoryTypeDevice;
}

void copy(void* to, const void* from, std::size_t bytes) {
  Device& d = device();
  if (on_device(to)) {
    if (!on_device(from)) {
      d.staging->to_device(static_cast<std::byte*>(to), static_cast<const std::byte*>(from), bytes);
      return;
    }
    require_cuda(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, d.stream),
                 "cudaMemcpyAsync");
    require_cuda(cudaStreamSynchronize(d.stream), "copy on the GPU");
    return;
  }
  d.staging->to_host(static_cast<std::byte*>(to), static_cast<const std::byte*>(from), bytes);
}

void synchronise() { require_cuda(cudaStreamSynchronize(device().stream), "synchronise"); }

// The first time the kernels are launched one by one, which also loads them: that may not happen
// during a capture. The second time they are captured.
struct Recording {
  cudaGraphExec_t graph = nullptr;
};

void repeat(void** slot, void (*launches)(const void*), const void* argument) {
  const cudaStream_t stream = device().stream;
  auto* recording = static_cast<Recording*>(*slot);
  if (!recording) {
    *slot = new Recording;
    launches(argument);
    return;
  }
  if (!recording->graph) {
    cudaGraph_t graph = nullptr;
    require_cuda(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), "capture");
    launches(argument);
    require_cuda(cudaStreamEndCapture(stream, &graph), "capture");
    require_cuda(cudaGraphInstantiate(&recording->graph, graph, 0), "cudaGraphInstantiate");
    require_cuda(cudaGraphDestroy(graph), "cudaGraphDestroy");
  }
  require_cuda(cudaGraphLaunch(recording->graph, stream), "cudaGraphLaunch");
}

void forget(void* slot) {
  const std::unique_ptr<Recording> recording(static_cast<Recording*>(slot));
  if (recording->graph) cudaGraphExecDestroy(recording->graph);
}

}  // namespace

bool has_cuda() {
  int count = 0;
  return cudaGetDeviceCount(&count) == cudaSuccess && count > 0;
}

const Backend& cuda_backend() {
  static const Backend backend = {.name = "cuda",
                                  .runtime = {.allocate = allocate,
                                              .release = release,
                                              .copy = copy,
                                              .synchronise = synchronise,
                                              .repeat = repeat,
                                              .forget = forget,
                                              .stream = device().stream,
                                              .host_memory = false},
                                  .kernels = &cuda::kernels};
  return backend;
}

}  // namespace dagan
