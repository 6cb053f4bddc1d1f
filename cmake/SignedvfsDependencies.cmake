# System libraries, found by their own names. Each has one owner; README.md gives the reasons. All
# are looked for before any is missed, so that one installation brings everything.
include(SignedvfsPackages)
set(missing "")
if(NOT signedvfs_has_compilers)
  list(APPEND missing "C++ compiler")
endif()

# signedvfs_note(NAME FOUND) remembers NAME, of SignedvfsPackages, where it was not found.
macro(signedvfs_note name found)
  if(NOT ${found})
    list(APPEND missing "${name}")
  endif()
endmacro()

if(signedvfs_has_compilers)
  find_package(Threads REQUIRED)
endif()
find_package(OpenSSL 3.0 QUIET COMPONENTS Crypto)  # vfs
signedvfs_note("OpenSSL 3" OPENSSL_FOUND)
find_package(LibArchive QUIET)                     # archive, its own shared object
signedvfs_note(libarchive LibArchive_FOUND)
find_package(PkgConfig QUIET)
signedvfs_note(pkg-config PKG_CONFIG_FOUND)
foreach(library libdeflate libzstd libxxhash libutf8proc)  # archive
  if(PKG_CONFIG_FOUND)
    pkg_check_modules(${library} QUIET IMPORTED_TARGET ${library})
  endif()
  signedvfs_note(${library} ${library}_FOUND)
endforeach()

if(SIGNEDVFS_PYTHON)
  if(CMAKE_CROSSCOMPILING AND Python_INCLUDE_DIR)
    # scikit-build-core names the interpreter's flags. FindPython does not get them from an interpreter
    # when it cross-compiles, and then passes over headers of one without a GIL. These were chosen.
    unset(Python_FIND_ABI)
    unset(Python_FIND_ABI CACHE)
  endif()
  find_package(Python 3.9 REQUIRED COMPONENTS Interpreter OPTIONAL_COMPONENTS Development.Module)
  signedvfs_note("Python headers" Python_Development.Module_FOUND)
endif()
if(SIGNEDVFS_TESTS)
  find_package(GTest QUIET)
  signedvfs_note(GoogleTest GTest_FOUND)
endif()
if(SIGNEDVFS_BENCH)
  find_package(benchmark QUIET)
  signedvfs_note(benchmark benchmark_FOUND)
endif()
if(missing)
  signedvfs_missing(sentence ${missing})
  message(FATAL_ERROR "${sentence}")
endif()

if(SIGNEDVFS_PYTHON)
  if(NOT pybind11_DIR)
    execute_process(COMMAND ${Python_EXECUTABLE} -m pybind11 --cmakedir
                    OUTPUT_VARIABLE pybind11_DIR OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  endif()
  set(PYBIND11_FINDPYTHON ON)
  # Where this is set, pybind11 does not try how the compiler optimizes when it links: we ask for none of it.
  if(NOT DEFINED CMAKE_INTERPROCEDURAL_OPTIMIZATION)
    set(CMAKE_INTERPROCEDURAL_OPTIMIZATION OFF)
  endif()
  find_package(pybind11 3.0 CONFIG QUIET)  # bindings
  if(NOT pybind11_FOUND)
    message(FATAL_ERROR "signedvfs needs pybind11 3.0 or later: "
                        "${Python_EXECUTABLE} -m pip install 'pybind11>=3.0'")
  endif()
endif()
