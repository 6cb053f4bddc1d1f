# Compilers are looked for by name before CMake insists on them, so that whoever lacks one reads what else
# is missing in the same sentence.

# signedvfs_find_compiler(OUT VARIABLE NAME...) sets OUT to whether there is a compiler: the one that the
# environment or the command line names, or one of the usual names.
function(signedvfs_find_compiler out variable)
  set(names ${ARGN})
  if(CMAKE_${variable}_COMPILER)
    set(names ${CMAKE_${variable}_COMPILER})
  elseif(variable STREQUAL "CXX" AND DEFINED ENV{CXX})
    separate_arguments(names UNIX_COMMAND "$ENV{CXX}")
    list(GET names 0 names)
  elseif(variable STREQUAL "C" AND DEFINED ENV{CC})
    separate_arguments(names UNIX_COMMAND "$ENV{CC}")
    list(GET names 0 names)
  endif()
  find_program(SIGNEDVFS_FOUND_${variable} NAMES ${names} NO_CACHE)
  if(SIGNEDVFS_FOUND_${variable})
    set(${out} ON PARENT_SCOPE)
  else()
    set(${out} OFF PARENT_SCOPE)
  endif()
endfunction()

signedvfs_find_compiler(has_c C cc gcc clang)
signedvfs_find_compiler(has_cxx CXX c++ g++ clang++)
set(signedvfs_has_compilers OFF)
if(has_c AND has_cxx)
  set(signedvfs_has_compilers ON)
  enable_language(C CXX)
else()
  # Compilers tell CMake where Debian has its libraries.
  set(CMAKE_LIBRARY_ARCHITECTURE ${CMAKE_HOST_SYSTEM_PROCESSOR}-linux-gnu)
  include(SignedvfsDependencies)  # which ends here
endif()
