# How the launcher is linked: an executable that needs the C library alone, and whose symbols of
# Python and of the unwinder are bound when it runs.

# A compiler that links by a linker of its own, without the options that this needs, as zig does, is not asked to:
# scripts/wheels/launcher.sh names what takes its place. What it links is for the interpreters of other machines.
set(SIGNEDVFS_LAUNCHER_DRIVER "" CACHE FILEPATH "Program that links the launcher, called as a compiler is")
set(SIGNEDVFS_LAUNCHER_STANDARD_LIBRARY "" CACHE STRING "The static C++ library, where it is not libstdc++.a")

# signedvfs_find_static_libraries(OUT) sets OUT to the files of the static libraries that the
# launcher is linked with; to nothing, with a message, where one is not installed.
function(signedvfs_find_static_libraries out)
  set(files "")
  # What libcrypto.a needs in turn differs: Debian's has compression since OpenSSL 3.5.
  pkg_check_modules(SIGNEDVFS_LIBCRYPTO QUIET libcrypto)
  set(names crypto ${SIGNEDVFS_LIBCRYPTO_STATIC_LIBRARIES} deflate zstd xxhash utf8proc)
  list(REMOVE_ITEM names c dl m pthread)  # of the C library
  list(REMOVE_DUPLICATES names)
  foreach(name IN LISTS names)
    find_library(SIGNEDVFS_STATIC_${name} NAMES lib${name}.a
      HINTS ${libdeflate_LIBRARY_DIRS} ${libzstd_LIBRARY_DIRS} ${libxxhash_LIBRARY_DIRS})
    if(NOT SIGNEDVFS_STATIC_${name})
      message(STATUS "No launcher is built (`signedvfs build` needs it): there is no lib${name}.a")
      set(${out} "" PARENT_SCOPE)
      return()
    endif()
    list(APPEND files ${SIGNEDVFS_STATIC_${name}})
  endforeach()
  signedvfs_are_whole(whole ${files})
  if(NOT whole)
    list(JOIN names ", " names)
    message(STATUS "No launcher is built (`signedvfs build` needs it): libcrypto.a needs more than ${names}")
    set(${out} "" PARENT_SCOPE)
    return()
  endif()
  set(standard_library ${SIGNEDVFS_LAUNCHER_STANDARD_LIBRARY})
  if(NOT standard_library)
    execute_process(COMMAND ${CMAKE_CXX_COMPILER} -print-file-name=libstdc++.a
      OUTPUT_VARIABLE standard_library OUTPUT_STRIP_TRAILING_WHITESPACE)
  endif()
  list(GET standard_library 0 first)
  if(NOT IS_ABSOLUTE "${first}" OR NOT CMAKE_OBJCOPY)
    message(STATUS "No launcher is built (`signedvfs build` needs it): there is no libstdc++.a, or no objcopy")
    set(${out} "" PARENT_SCOPE)
    return()
  endif()
  set(${out} ${files} ${standard_library} PARENT_SCOPE)
endfunction()

# signedvfs_are_whole(OUT FILE...) sets OUT to whether the first of these static libraries needs nothing but
# the others and the C library.
function(signedvfs_are_whole out first)
  file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/static_libraries_test.cc "int main() { return 0; }")
  string(SHA256 asked "${first};${ARGN}")
  if(NOT SIGNEDVFS_STATIC_LIBRARIES_TESTED STREQUAL asked)
    unset(SIGNEDVFS_STATIC_LIBRARIES_LINK CACHE)
    try_compile(SIGNEDVFS_STATIC_LIBRARIES_LINK ${CMAKE_CURRENT_BINARY_DIR}/static_libraries
      ${CMAKE_CURRENT_BINARY_DIR}/static_libraries_test.cc
      LINK_LIBRARIES -Wl,--whole-archive ${first} -Wl,--no-whole-archive ${ARGN} -lm -ldl -lpthread)
    set(SIGNEDVFS_STATIC_LIBRARIES_TESTED ${asked} CACHE INTERNAL "")
  endif()
  set(${out} ${SIGNEDVFS_STATIC_LIBRARIES_LINK} PARENT_SCOPE)
endfunction()

# signedvfs_find_static_python(OUT SOURCE) sets OUT to the files that a program needs in which the
# interpreter Python_EXECUTABLE is linked in, its own library first, and has SOURCE written, which
# tells in the program which interpreter that is. It sets OUT to nothing, with a message, where this
# interpreter has no such library, or none that a program which can lie anywhere is made of.
function(signedvfs_find_static_python out source)
  set(${out} "" PARENT_SCOPE)
  execute_process(
    COMMAND ${Python_EXECUTABLE} -I ${PROJECT_SOURCE_DIR}/importer/launcher/static_python.py ${source}
    OUTPUT_VARIABLE found OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  set(without "The launcher carries Python as a shared library:")
  if(NOT found)
    message(STATUS "${without} this interpreter has no static one")
    return()
  endif()
  list(POP_FRONT found files)
  foreach(name IN LISTS found)
    find_library(SIGNEDVFS_STATIC_${name} NAMES lib${name}.a)
    if(NOT SIGNEDVFS_STATIC_${name})
      message(STATUS "${without} there is no lib${name}.a for the static one")
      return()
    endif()
    list(APPEND files ${SIGNEDVFS_STATIC_${name}})
  endforeach()
  # Some are compiled for programs at a fixed address, for a newer C library, or for a linker that
  # compiles.
  file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/static_python_test.cc
    "extern \"C\" int Py_BytesMain(int, char**); int main(int n, char** v) { return Py_BytesMain(n, v); }")
  string(SHA256 asked "${files}")
  if(NOT SIGNEDVFS_STATIC_PYTHON_TESTED STREQUAL asked)
    unset(SIGNEDVFS_STATIC_PYTHON_LINKS CACHE)
    try_compile(SIGNEDVFS_STATIC_PYTHON_LINKS ${CMAKE_CURRENT_BINARY_DIR}/static_python
      ${CMAKE_CURRENT_BINARY_DIR}/static_python_test.cc
      LINK_OPTIONS -pie -fno-lto -Wl,-z,text
      LINK_LIBRARIES -Wl,--whole-archive ${files} -Wl,--no-whole-archive -lm -ldl -lpthread -lutil)
    set(SIGNEDVFS_STATIC_PYTHON_TESTED ${asked} CACHE INTERNAL "")
  endif()
  if(NOT SIGNEDVFS_STATIC_PYTHON_LINKS)
    message(STATUS "${without} the static one cannot be linked into a program that can lie anywhere")
    return()
  endif()
  set(${out} ${files} PARENT_SCOPE)
endfunction()

# signedvfs_launcher(NAME OBJECTS ... ARCHIVES TARGET... STATIC FILE... [PYTHON FILE...]
# [FIRST_STAGE OBJECT] [OPTIONS ...]) adds the target NAME, which makes the executable NAME_program in
# the current binary directory. With PYTHON, what signedvfs_find_static_python has found, Python is
# linked in, and extension modules find its functions in the program. FIRST_STAGE is the one of
# OBJECTS that runs before all others, which nothing refers to.
#
# All of it is joined first, so that the symbols which are bound late can be made weak in every
# part: Python's, where it is not linked in, and the unwinder's (libgcc_s), because CPython up to 3.13
# ends daemon threads by unwinding them with the process's own, and of two copies each would know
# half of the frames.
function(signedvfs_launcher name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "FIRST_STAGE" "OBJECTS;ARCHIVES;STATIC;PYTHON;OPTIONS")
  set(joined ${CMAKE_CURRENT_BINARY_DIR}/${name}_joined.o)
  set(late ${CMAKE_CURRENT_BINARY_DIR}/${name}_late.o)
  set(program ${CMAKE_CURRENT_BINARY_DIR}/${name}_program)
  set(driver ${CMAKE_CXX_COMPILER})
  if(SIGNEDVFS_LAUNCHER_DRIVER)
    set(driver ${SIGNEDVFS_LAUNCHER_DRIVER})
  endif()
  set(archives ${arg_ARCHIVES})
  list(TRANSFORM archives REPLACE "(.+)" "$<TARGET_FILE:\\1>")
  set(weak --weaken-symbol=_Unwind_*)
  set(python "")
  if(arg_PYTHON)
    # All of it: extension modules need more than this program.
    set(python -Wl,--whole-archive ${arg_PYTHON} -Wl,--no-whole-archive
      -Wl,--export-dynamic-symbol=Py* -Wl,--export-dynamic-symbol=_Py*
      -Wl,--undefined=signedvfs_python_build -Wl,--as-needed -ldl -lpthread -lutil)
  else()
    list(APPEND weak --weaken-symbol=Py* --weaken-symbol=_Py*)
  endif()
  set(check_first_stage "")
  set(keep_first_stage "")
  if(arg_FIRST_STAGE)
    set(check_first_stage COMMAND ${Python_EXECUTABLE} -I
      ${PROJECT_SOURCE_DIR}/importer/launcher/first_stage/check_object.py ${CMAKE_READELF} ${arg_FIRST_STAGE})
    set(keep_first_stage -Wl,--undefined=signedvfs_start_section)
  endif()
  add_custom_command(OUTPUT ${program}
    ${check_first_stage}
    COMMAND ${CMAKE_LINKER} -r -o ${joined} ${arg_OBJECTS} ${archives} ${arg_STATIC}
    COMMAND ${CMAKE_OBJCOPY} --wildcard ${weak} ${joined} ${late}
    COMMAND ${driver} -pie -fno-lto -nodefaultlibs -o ${program} ${late} ${python}
            -Wl,-z,dynamic-undefined-weak -Wl,-z,relro,-z,now -Wl,-z,noexecstack -Wl,--gc-sections
            ${keep_first_stage}
            -Wl,--no-as-needed -lm -lc -lgcc -Wl,--build-id=none -s ${arg_OPTIONS}
    COMMAND ${CMAKE_COMMAND} -E rm -f ${joined} ${late}
    DEPENDS ${arg_OBJECTS} ${arg_ARCHIVES} ${arg_STATIC} ${arg_PYTHON}
    COMMAND_EXPAND_LISTS VERBATIM
    COMMENT "Linking the launcher ${name}")
  add_custom_target(${name} ALL DEPENDS ${program})
endfunction()
