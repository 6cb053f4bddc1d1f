# Rooms: each sub-directory of a house is an object library of its own, and the house is the library
# that links them. tests/architecture holds the arrows between them.

# signedvfs_room(ROOM SOURCES ... [LIBRARIES ...] [BATCH n]) adds the object library
# signedvfs_<house>_<room> from sources of the current directory. LIBRARIES are what it includes:
# third-party ones, since what the house is made of is linked as a whole.
function(signedvfs_room room)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "BATCH" "SOURCES;LIBRARIES")
  set(target signedvfs_${room})
  add_library(${target} OBJECT ${arg_SOURCES})
  target_link_libraries(${target} PRIVATE signedvfs_options ${arg_LIBRARIES})
  if(NOT arg_BATCH)
    set(arg_BATCH 12)
  endif()
  signedvfs_unity(${target} ${arg_BATCH})
endfunction()

# signedvfs_house(HOUSE ROOMS ... [SOURCES ...]) adds the static library signedvfs_<house>, exported
# as signedvfs::<house>: its rooms, and what stands at its root.
function(signedvfs_house house)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "ROOMS;SOURCES")
  set(target signedvfs_${house})
  set(objects ${arg_ROOMS})
  list(TRANSFORM objects REPLACE "(.+)" "$<TARGET_OBJECTS:signedvfs_\\1>")
  add_library(${target} STATIC ${arg_SOURCES} ${objects})
  add_library(signedvfs::${house} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${house})
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:signedvfs_options>)
  signedvfs_unity(${target} 12)
endfunction()
