# System libraries, found by their own names. Each has one owner; README.md gives the reasons.
find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED COMPONENTS Crypto)  # vfs
find_package(LibArchive REQUIRED)                     # archive, its own shared object
find_package(PkgConfig REQUIRED)
pkg_check_modules(libdeflate REQUIRED IMPORTED_TARGET libdeflate)    # archive
pkg_check_modules(libzstd REQUIRED IMPORTED_TARGET libzstd)          # archive
pkg_check_modules(libxxhash REQUIRED IMPORTED_TARGET libxxhash)      # archive
pkg_check_modules(libutf8proc REQUIRED IMPORTED_TARGET libutf8proc)  # archive

if(SIGNEDVFS_PYTHON)
  find_package(Python 3.9 REQUIRED COMPONENTS Interpreter Development.Module)
  if(NOT pybind11_DIR)
    execute_process(COMMAND ${Python_EXECUTABLE} -m pybind11 --cmakedir
                    OUTPUT_VARIABLE pybind11_DIR OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  endif()
  set(PYBIND11_FINDPYTHON ON)
  find_package(pybind11 3.0 CONFIG REQUIRED)  # bindings
endif()
if(SIGNEDVFS_TESTS)
  find_package(GTest REQUIRED)
endif()
if(SIGNEDVFS_BENCH)
  find_package(benchmark REQUIRED)
endif()
