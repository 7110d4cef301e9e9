# Install rules: headers, static libraries, the command, config package, pkg-config file.
include(CMakePackageConfigHelpers)
set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME development)

install(DIRECTORY include/pgrant DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.hpp")
install(TARGETS pgrant_core pgrant EXPORT pgrant-targets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT pgrant-targets NAMESPACE pgrant:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/pgrant)
if(PGRANT_BUILD_COMMAND)
  install(TARGETS pgrant_command RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT command)
  install(FILES docs/man/pgrant.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT command)
  install(FILES docs/json.md DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT command)
endif()

configure_package_config_file(cmake/pgrant-config.cmake.in pgrant-config.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/pgrant)
write_basic_package_version_file(pgrant-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/pgrant-config.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/pgrant-config-version.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/pgrant)

# Relocatable: the prefix is found from where the .pc file stands.
file(RELATIVE_PATH pgrant_pc_prefix "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
string(REGEX REPLACE "/$" "" pgrant_pc_prefix "${pgrant_pc_prefix}")
configure_file(cmake/pgrant.pc.in pgrant.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/pgrant.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(FILES LICENSE README.md DESTINATION ${CMAKE_INSTALL_DOCDIR} OPTIONAL)
if(PROJECT_IS_TOP_LEVEL)
  include(PgrantPackage)
endif()
