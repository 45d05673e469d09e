# One program for each file of examples/, in build/examples.
file(GLOB DAGAN_EXAMPLE_SOURCES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/examples/*.cpp)
if(NOT TARGET dagan_checked)  # a build with a sanitizer, or without the tests' hooks
  list(FILTER DAGAN_EXAMPLE_SOURCES EXCLUDE REGEX "10_race")
endif()
foreach(source IN LISTS DAGAN_EXAMPLE_SOURCES)
  get_filename_component(name ${source} NAME_WE)
  add_executable(example_${name} ${source})
  target_link_libraries(example_${name} PRIVATE dagan)
  set_target_properties(example_${name} PROPERTIES OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY
                                                   ${PROJECT_BINARY_DIR}/examples)
  list(APPEND DAGAN_EXAMPLE_TARGETS example_${name})
endforeach()

# Every memory access of its kernels is reported to the emulator.
if(TARGET example_10_race)
  target_sources(example_10_race PRIVATE ${PROJECT_SOURCE_DIR}/tests/tsan_hooks.cpp)
  set_source_files_properties(examples/10_race.cpp PROPERTIES
                              COMPILE_OPTIONS "-O1;-g1;-fsanitize=thread")
endif()
