# The GPU kernels, kernels/**/*.cu, are compiled more than once:
#   dagan_emulated   by the C++ compiler, for the emulator: part of the library
#   dagan_checked    the same with every memory access reported to the emulator: for tests and
#                    benchmarks, in namespace dagan::checked
file(GLOB_RECURSE DAGAN_GPU_SOURCES CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR} kernels/*.cu)

# A C++ file for each of them that includes it: CMake knows one language for one file.
function(dagan_as_cpp result folder)
  set(files "")
  foreach(source IN LISTS ARGN)
    string(MAKE_C_IDENTIFIER ${source} stem)
    set(file ${PROJECT_BINARY_DIR}/generated/${folder}/${stem}.cpp)
    file(CONFIGURE OUTPUT ${file} CONTENT "#include \"${source}\"\n")
    list(APPEND files ${file})
  endforeach()
  set(${result} ${files} PARENT_SCOPE)
endfunction()

function(dagan_kernel_library target backend)
  dagan_as_cpp(files ${backend} ${DAGAN_GPU_SOURCES} ${ARGN})
  add_library(${target} OBJECT ${files})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR})
  # The bits of a GPU that fuses nothing by itself.
  target_compile_options(${target} PRIVATE -ffp-contract=off -Wno-unknown-pragmas)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    target_compile_options(${target} PRIVATE -mavx2 -mfma)  # fmaf is a call without it
  endif()
  target_compile_definitions(${target} PRIVATE DAGAN_BACKEND=${backend})
endfunction()

dagan_kernel_library(dagan_emulated emulated)
target_sources(dagan PRIVATE $<TARGET_OBJECTS:dagan_emulated>)

# The compiler's hooks for ThreadSanitizer, answered by the emulator instead of its runtime.
string(FIND "${CMAKE_CXX_FLAGS}" "-fsanitize=" DAGAN_SANITIZED)
if(DAGAN_SANITIZED EQUAL -1 AND DAGAN_TESTS)
  file(GLOB DAGAN_TEST_GPU_SOURCES CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR} tests/*.cu)
  dagan_kernel_library(dagan_checked checked ${DAGAN_TEST_GPU_SOURCES})
  target_compile_options(dagan_checked PRIVATE -O1 -g1 -fsanitize=thread)
endif()
