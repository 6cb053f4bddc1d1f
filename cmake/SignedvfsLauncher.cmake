# How the launcher is linked: an executable that needs the C library alone, and whose symbols of
# Python and of the unwinder are bound when it runs.

# signedvfs_find_static_libraries(OUT) sets OUT to the files of the static libraries that the
# launcher is linked with; to nothing, with a message, where one is not installed.
function(signedvfs_find_static_libraries out)
  set(files "")
  foreach(name crypto deflate zstd xxhash utf8proc)
    find_library(SIGNEDVFS_STATIC_${name} NAMES lib${name}.a
      HINTS ${libdeflate_LIBRARY_DIRS} ${libzstd_LIBRARY_DIRS} ${libxxhash_LIBRARY_DIRS})
    if(NOT SIGNEDVFS_STATIC_${name})
      message(STATUS "No launcher is built (`signedvfs build` needs it): there is no lib${name}.a")
      set(${out} "" PARENT_SCOPE)
      return()
    endif()
    list(APPEND files ${SIGNEDVFS_STATIC_${name}})
  endforeach()
  execute_process(COMMAND ${CMAKE_CXX_COMPILER} -print-file-name=libstdc++.a
    OUTPUT_VARIABLE standard_library OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(NOT IS_ABSOLUTE "${standard_library}" OR NOT CMAKE_OBJCOPY)
    message(STATUS "No launcher is built (`signedvfs build` needs it): there is no libstdc++.a, or no objcopy")
    set(${out} "" PARENT_SCOPE)
    return()
  endif()
  set(${out} ${files} ${standard_library} PARENT_SCOPE)
endfunction()

# signedvfs_launcher(NAME OBJECTS ... ARCHIVES TARGET... STATIC FILE... [OPTIONS ...]) adds the target NAME, which makes the executable NAME_program in
# the current binary directory.
#
# All of it is joined first, so that the symbols which are bound late can be made weak in every
# part. The unwinder (libgcc_s) is among them: CPython up to 3.13 ends daemon threads by unwinding
# them with the process's own, and of two copies each would know half of the frames.
function(signedvfs_launcher name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "OBJECTS;ARCHIVES;STATIC;OPTIONS")
  set(joined ${CMAKE_CURRENT_BINARY_DIR}/${name}_joined.o)
  set(late ${CMAKE_CURRENT_BINARY_DIR}/${name}_late.o)
  set(program ${CMAKE_CURRENT_BINARY_DIR}/${name}_program)
  set(archives ${arg_ARCHIVES})
  list(TRANSFORM archives REPLACE "(.+)" "$<TARGET_FILE:\\1>")
  add_custom_command(OUTPUT ${program}
    COMMAND ${CMAKE_LINKER} -r -o ${joined} ${arg_OBJECTS} ${archives} ${arg_STATIC}
    COMMAND ${CMAKE_OBJCOPY} --wildcard --weaken-symbol=Py* --weaken-symbol=_Py*
            --weaken-symbol=_Unwind_* ${joined} ${late}
    COMMAND ${CMAKE_CXX_COMPILER} -pie -nodefaultlibs -o ${program} ${late}
            -Wl,-z,dynamic-undefined-weak -Wl,-z,relro,-z,now -Wl,-z,noexecstack -Wl,--gc-sections
            -Wl,--no-as-needed -lm -lc -lgcc -Wl,--build-id=none -s ${arg_OPTIONS}
    COMMAND ${CMAKE_COMMAND} -E rm -f ${joined} ${late}
    DEPENDS ${arg_OBJECTS} ${arg_ARCHIVES} ${arg_STATIC}
    COMMAND_EXPAND_LISTS VERBATIM
    COMMENT "Linking the launcher")
  add_custom_target(${name} ALL DEPENDS ${program})
endfunction()
