# The GPU kernels, kernels/**/*.cu, are compiled more than once:
#   dagan_emulated   by the C++ compiler, for the emulator: part of the library
#   dagan_checked    the same with every memory access reported to the emulator: for tests and
#                    benchmarks, in namespace dagan::checked
#   dagan_cuda       by nvcc, where there is one: part of the library too
file(GLOB_RECURSE DAGAN_GPU_SOURCES CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR} kernels/*.cu)
list(FILTER DAGAN_GPU_SOURCES EXCLUDE REGEX "^kernels/device/")  # CUDA itself

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

# A library of the sources, compiled for the emulator as the kernels of `backend`.
function(dagan_emulator_library target backend)
  dagan_as_cpp(files ${backend} ${ARGN})
  add_library(${target} OBJECT ${files})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR})
  # The bits of a GPU that fuses nothing by itself.
  target_compile_options(${target} PRIVATE -ffp-contract=off -Wno-unknown-pragmas)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    target_compile_options(${target} PRIVATE -mavx2 -mfma)  # fmaf is a call without it
  endif()
  target_compile_definitions(${target} PRIVATE DAGAN_BACKEND=${backend})
endfunction()

dagan_emulator_library(dagan_emulated emulated kernels/table.cpp ${DAGAN_GPU_SOURCES})
dagan_precompile(dagan_emulated)
set(DAGAN_KERNEL_OBJECTS $<TARGET_OBJECTS:dagan_kernels> $<TARGET_OBJECTS:dagan_emulated>)
set(DAGAN_KERNEL_LIBRARIES "")  # what all of them need
if(DAGAN_COVERAGE)
  target_compile_options(dagan_emulated PRIVATE -O1 --coverage)
  list(APPEND DAGAN_KERNEL_LIBRARIES gcov)
endif()

# The compiler's hooks for ThreadSanitizer, answered by the emulator instead of its runtime.
string(FIND "${CMAKE_CXX_FLAGS}" "-fsanitize=" DAGAN_SANITIZED)
if(DAGAN_TESTS)
  file(GLOB DAGAN_TEST_KERNELS CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR} tests/*.cu)
  dagan_emulator_library(dagan_test_kernels emulated ${DAGAN_TEST_KERNELS})
endif()
# Not beside counted lines: its copies of what the backends share would take their place.
if(DAGAN_SANITIZED EQUAL -1 AND DAGAN_TESTS AND NOT DAGAN_COVERAGE)
  dagan_emulator_library(dagan_checked checked kernels/table.cpp ${DAGAN_GPU_SOURCES}
                         ${DAGAN_TEST_KERNELS})
  dagan_precompile(dagan_checked)
  target_compile_options(dagan_checked PRIVATE -O1 -g1 -fsanitize=thread)
endif()

set(DAGAN_CUDA AUTO CACHE STRING "backend for NVIDIA GPUs: ON, OFF, or AUTO for where nvcc is found")
# Not find_package(CUDAToolkit): that of CMake 3.25 stumbles over CUDA 13, which lacks a library.
if(NOT DAGAN_CUDA STREQUAL "OFF")
  find_program(DAGAN_NVCC nvcc HINTS ENV CUDA_PATH ENV CUDA_HOME PATHS /usr/local/cuda
               PATH_SUFFIXES bin)
  if(DAGAN_NVCC)
    execute_process(COMMAND ${DAGAN_NVCC} --version OUTPUT_VARIABLE version)
    string(REGEX MATCH "release ([0-9]+)" version "${version}")
    if(CMAKE_MATCH_1 VERSION_LESS 12)
      message(STATUS "CUDA ${CMAKE_MATCH_1} has no C++20: version 12 is the first that will do")
      set(DAGAN_NVCC DAGAN_NVCC-NOTFOUND)
    endif()
  endif()
  if(DAGAN_NVCC)
    file(REAL_PATH ${DAGAN_NVCC} nvcc)
    cmake_path(GET nvcc PARENT_PATH DAGAN_CUDA_ROOT)
    cmake_path(GET DAGAN_CUDA_ROOT PARENT_PATH DAGAN_CUDA_ROOT)
    find_library(DAGAN_CUDART cudart_static HINTS ${DAGAN_CUDA_ROOT}
                 PATH_SUFFIXES lib64 lib lib/x64 targets/x86_64-linux/lib targets/sbsa-linux/lib)
  endif()
  if(DAGAN_CUDA STREQUAL "ON" AND NOT (DAGAN_NVCC AND DAGAN_CUDART))
    message(FATAL_ERROR "DAGAN_CUDA is ON, but no nvcc of CUDA 12 or later with its "
                        "libcudart_static.a was found: put it on the PATH")
  endif()
endif()
if(DAGAN_CUDA STREQUAL "OFF" OR NOT DAGAN_NVCC OR NOT DAGAN_CUDART)
  set(DAGAN_WITH_CUDA OFF)
  target_sources(dagan_kernels PRIVATE kernels/device/no_cuda.cpp)
  return()
endif()
set(DAGAN_WITH_CUDA ON)

# A100, H100 and B200, as far as the toolkit knows them; the newest as PTX too, for what comes later.
if(NOT DAGAN_CUDA_ARCHITECTURES)
  execute_process(COMMAND ${DAGAN_NVCC} --list-gpu-arch OUTPUT_VARIABLE known)
  foreach(arch IN ITEMS 80 90 100)
    if(known MATCHES "compute_${arch}\n")
      list(APPEND DAGAN_CUDA_ARCHITECTURES ${arch})
    endif()
  endforeach()
endif()
set(DAGAN_NVCC_FLAGS -std=c++20 -O3 --expt-relaxed-constexpr -Xcompiler -Wall,-Wextra
    # Nothing is contracted that the source does not fuse itself: the bits of the emulator.
    -fmad=false
    # Registers and spills, in a file beside each object, for the test of their limits.
    -Xptxas -v,-Werror -Werror all-warnings)
foreach(arch IN LISTS DAGAN_CUDA_ARCHITECTURES)
  list(APPEND DAGAN_NVCC_FLAGS -gencode arch=compute_${arch},code=sm_${arch})
endforeach()
list(GET DAGAN_CUDA_ARCHITECTURES -1 newest)
list(APPEND DAGAN_NVCC_FLAGS -gencode arch=compute_${newest},code=compute_${newest})

# nvcc is called directly: CMake 3.25 does not know that it can compile C++20.
foreach(source IN LISTS DAGAN_GPU_SOURCES ITEMS kernels/device/cuda_backend.cu)
  string(MAKE_C_IDENTIFIER ${source} stem)
  set(object ${PROJECT_BINARY_DIR}/cuda/${stem}.o)
  add_custom_command(
    OUTPUT ${object} BYPRODUCTS ${object}.ptxas DEPENDS ${source} DEPFILE ${object}.d
    COMMAND ${CMAKE_COMMAND} -E make_directory ${PROJECT_BINARY_DIR}/cuda
    COMMAND sh -c "\"$@\" 2>${object}.ptxas || { cat ${object}.ptxas; exit 1; }" nvcc
            ${DAGAN_NVCC} ${DAGAN_NVCC_FLAGS} -DDAGAN_BACKEND=cuda
            -I${PROJECT_SOURCE_DIR} -MD -MF ${object}.d -c ${PROJECT_SOURCE_DIR}/${source}
            -o ${object}
    COMMENT "nvcc ${source}" VERBATIM)
  list(APPEND DAGAN_CUDA_OBJECTS ${object})
endforeach()
dagan_as_cpp(table cuda kernels/table.cpp)
add_library(dagan_cuda_table OBJECT ${table})
target_include_directories(dagan_cuda_table PRIVATE ${PROJECT_SOURCE_DIR})
target_compile_definitions(dagan_cuda_table PRIVATE DAGAN_BACKEND=cuda)
# The rivals are compiled for CUDA's kernels around them, and find their libraries at run time.
set(DAGAN_RIVALS kernels/conv2d/versions/cublas.cpp kernels/conv2d/versions/cudnn.cpp)
set_source_files_properties(${DAGAN_RIVALS} PROPERTIES
  COMPILE_DEFINITIONS DAGAN_BACKEND=cuda INCLUDE_DIRECTORIES ${DAGAN_CUDA_ROOT}/include)
target_sources(dagan_kernels PRIVATE kernels/device/cuda_versions.cpp ${DAGAN_RIVALS})
list(APPEND DAGAN_KERNEL_OBJECTS ${DAGAN_CUDA_OBJECTS} $<TARGET_OBJECTS:dagan_cuda_table>)
find_package(Threads REQUIRED)
list(APPEND DAGAN_KERNEL_LIBRARIES ${DAGAN_CUDART} Threads::Threads ${CMAKE_DL_LIBS} rt)
