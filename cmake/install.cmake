# bin/dagan, libdagan.a, the public headers under include/dagan, the manual page, and what
# find_package(dagan) needs.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(DAGAN_MAN_PAGE ${PROJECT_BINARY_DIR}/dagan.1)
add_custom_command(TARGET dagan_program POST_BUILD BYPRODUCTS ${DAGAN_MAN_PAGE}
                   COMMAND dagan_program man > ${DAGAN_MAN_PAGE}
                   COMMENT "Writing the manual page" VERBATIM)

install(TARGETS dagan_program DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS dagan EXPORT daganTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(FILES ${DAGAN_MAN_PAGE} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
# Not public: what only the sources share, and what needs a third party's headers.
install(DIRECTORY core kernels layers optim dagan DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/dagan
        FILES_MATCHING PATTERN "*.h" PATTERN "simd.h" EXCLUDE PATTERN "*-inl.h" EXCLUDE
        PATTERN "cli" EXCLUDE PATTERN "recipes" EXCLUDE)

set(DAGAN_PACKAGE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/dagan)
configure_package_config_file(cmake/daganConfig.cmake.in ${PROJECT_BINARY_DIR}/daganConfig.cmake
                              INSTALL_DESTINATION ${DAGAN_PACKAGE_DIR})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/daganConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/daganConfig.cmake ${PROJECT_BINARY_DIR}/daganConfigVersion.cmake
        DESTINATION ${DAGAN_PACKAGE_DIR})
install(EXPORT daganTargets NAMESPACE dagan:: DESTINATION ${DAGAN_PACKAGE_DIR})
