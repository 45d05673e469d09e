// Before a function that GPU kernels call too.
#pragma once

#if defined(__CUDACC__)
#define DAGAN_HOST_DEVICE __host__ __device__
#else
#define DAGAN_HOST_DEVICE
#endif
