# Compiler options that every target of ours shares, kept off what is exported.
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_CXX_EXTENSIONS OFF)
if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()

# signedvfs_unity(TARGET [SOURCES_A_PIECE]) compiles the target's sources in few pieces of about one size:
# headers of the standard library, GoogleTest, pybind11 and Python cost more than what is in most of
# them. So names in anonymous namespaces are unique within a target.
option(SIGNEDVFS_UNITY "Compile several sources of a target at once" ON)
function(signedvfs_unity target)
  set(most 40)
  if(ARGC GREATER 1)
    set(most ${ARGV1})
  endif()
  get_target_property(sources ${target} SOURCES)
  list(LENGTH sources count)
  math(EXPR pieces "(${count} + ${most} - 1) / ${most}")
  math(EXPR batch "(${count} + ${pieces} - 1) / ${pieces}")
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${SIGNEDVFS_UNITY} UNITY_BUILD_BATCH_SIZE ${batch})
endfunction()

# For developers; the presets and scripts/python_env.sh ask for it. Another compiler or interpreter has
# other warnings, and they are nothing to whoever installs from source.
option(SIGNEDVFS_WERROR "Treat warnings as errors" OFF)

add_library(signedvfs_options INTERFACE)
target_compile_features(signedvfs_options INTERFACE cxx_std_20)
target_include_directories(signedvfs_options INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>)
target_compile_options(signedvfs_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast
  -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough -Wformat=2
  -fstack-protector-strong -fno-strict-aliasing
  -ffile-prefix-map=${PROJECT_SOURCE_DIR}/=)  # no object says where the checkout lies
if(SIGNEDVFS_WERROR)
  target_compile_options(signedvfs_options INTERFACE -Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # GCC 12 sees overlap in `"x" + std::string` where there is none (GCC bug 105651).
  target_compile_options(signedvfs_options INTERFACE -Wno-restrict)
endif()
target_link_options(signedvfs_options INTERFACE -Wl,-z,relro,-z,now -Wl,--as-needed)
if(NOT SIGNEDVFS_SANITIZE AND NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
  target_compile_definitions(signedvfs_options INTERFACE _FORTIFY_SOURCE=2)
endif()
if(SIGNEDVFS_SANITIZE)
  target_compile_definitions(signedvfs_options INTERFACE SIGNEDVFS_SANITIZED)
  target_compile_options(signedvfs_options INTERFACE
    -fsanitize=${SIGNEDVFS_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(signedvfs_options INTERFACE -fsanitize=${SIGNEDVFS_SANITIZE})
endif()
if(SIGNEDVFS_FUZZ)
  target_compile_options(signedvfs_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
