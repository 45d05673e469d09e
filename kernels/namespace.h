// Every contract declares its functions once, for whichever backend a file is compiled for: cpu,
// unless the build says emulated, checked (the emulator with its accesses watched) or cuda.
#pragma once

#if !defined(DAGAN_BACKEND)
#define DAGAN_BACKEND cpu
#endif
