# Rooms: each sub-directory of a house lists its sources, and the house compiles those of all its rooms.
# tests/architecture holds the arrows between them.

# signedvfs_room(ROOM SOURCES ...) says which sources of the current directory are the room's, for
# signedvfs_fill. ROOM is the name of its house and its own, such as archive_zip.
function(signedvfs_room room)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES")
  list(TRANSFORM arg_SOURCES PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
  set_property(GLOBAL PROPERTY signedvfs_${room}_sources ${arg_SOURCES})
endfunction()

# signedvfs_fill(TARGET ROOM ...) has the target compile the sources of these rooms.
function(signedvfs_fill target)
  foreach(room IN LISTS ARGN)
    get_property(sources GLOBAL PROPERTY signedvfs_${room}_sources)
    target_sources(${target} PRIVATE ${sources})
  endforeach()
  signedvfs_unity(${target})
endfunction()

# signedvfs_house(HOUSE [ROOMS ...] [SOURCES ...]) adds the static library signedvfs_<house>, exported
# as signedvfs::<house>: its rooms, and what stands at its root.
function(signedvfs_house house)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "ROOMS;SOURCES")
  set(target signedvfs_${house})
  add_library(${target} STATIC ${arg_SOURCES})
  add_library(signedvfs::${house} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${house})
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:signedvfs_options>)
  signedvfs_fill(${target} ${arg_ROOMS})
endfunction()

# signedvfs_objects(NAME SOURCES ... [LIBRARIES ...]) adds the object library signedvfs_<name>: what tests,
# or several programs, link without the house around it.
function(signedvfs_objects name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBRARIES")
  set(target signedvfs_${name})
  add_library(${target} OBJECT ${arg_SOURCES})
  target_link_libraries(${target} PRIVATE signedvfs_options ${arg_LIBRARIES})
  signedvfs_unity(${target})
endfunction()
