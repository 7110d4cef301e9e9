# What every target of ours shares: language level, warnings, sanitizers.
add_library(pgrant_warnings INTERFACE)
if(PROJECT_IS_TOP_LEVEL)
  target_compile_options(pgrant_warnings INTERFACE -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Werror)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # g++ 12 sees a mismatch between the two halves of Asio's allocator for coroutine frames, and in
    # unity builds takes file-local types for types of a header.
    target_compile_options(pgrant_warnings INTERFACE
      -Wno-mismatched-new-delete $<$<BOOL:$<TARGET_PROPERTY:UNITY_BUILD>>:-Wno-subobject-linkage>)
  elseif(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    # std::stable_sort of libstdc++ 12 uses what the same library deprecates.
    target_compile_options(pgrant_warnings INTERFACE -Wno-deprecated-declarations)
  endif()
endif()

if(PGRANT_SANITIZE)
  add_compile_options(-fsanitize=${PGRANT_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${PGRANT_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # Outcome under g++'s sanitizers brings false positives; -Wtsan fires in Asio's headers.
    add_compile_options(-Wno-maybe-uninitialized -Wno-tsan)
  endif()
endif()

function(pgrant_target target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF POSITION_INDEPENDENT_CODE ON)
  target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:pgrant_warnings>)
endfunction()

# pgrant_library(target EXPORT_NAME name SOURCES ...): a static library and its pgrant:: alias.
function(pgrant_library target)
  cmake_parse_arguments(arg "" "EXPORT_NAME" "SOURCES" ${ARGN})
  add_library(${target} STATIC ${arg_SOURCES})
  add_library(pgrant::${arg_EXPORT_NAME} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${arg_EXPORT_NAME}
                        VISIBILITY_INLINES_HIDDEN ON CXX_VISIBILITY_PRESET hidden)
  target_include_directories(${target} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  pgrant_target(${target})
endfunction()
