// Where the libraries lie that an object of an archive needs, by what it says of itself (DT_RPATH
// and DT_RUNPATH in ld.so(8)).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "archive/base/status.h"
#include "archive/elf/shared_object.h"
#include "vfs/manifest/listing.h"

namespace signedvfs {

// bundled_directories returns the directories, "" or ending in "/", in which the object at the
// member `entry` has its libraries looked for: the entries of its search path that begin with
// $ORIGIN and stay in the archive.
std::vector<std::string> bundled_directories(const SharedObject& object, std::string_view entry);

// directory_named returns the directory of the disk that an entry of a search path names, of an
// object in the directory `origin`: absolute, without "/" at its end. Nothing where it depends on
// more than that: the current directory ("", "lib"), the machine ("$LIB"), or, by a ".." behind a
// name that may be a symbolic link, the disk. `origin` is taken to have none on its way.
std::optional<std::string> directory_named(std::string_view search_path, std::string_view origin);

// Surroundings are what is around an archive where it is in use.
struct Surroundings {
  std::string place;                     // its absolute path; empty: that is not known yet
  std::vector<std::string> directories;  // of the program that runs (program_directories.h)
};

// foreign_search_paths returns the other entries, as they are written, but for those that name a
// directory of the system or of the program: what an object of the archive has the linker search
// there, nobody has signed. What it needs is loaded before it, so that only its own calls of
// dlopen(3) search; of an object that cannot, nothing is returned.
//
// An entry that begins with $ORIGIN is taken for what was meant on the disk. From memory it leads
// elsewhere: see places_at_origin.
std::vector<std::string> foreign_search_paths(const SharedObject& object, std::string_view entry,
                                              const Surroundings& around = {});

// places_at_origin returns where entries that begin with $ORIGIN lead from `directory`, which is
// the object's $ORIGIN in truth. Nothing for an object that does not search.
std::vector<std::string> places_at_origin(const SharedObject& object, std::string_view directory);

// find_bundled returns the member that is meant by the library `name` that the object at `entry`
// needs: in the first of `directories` that has it, in the object's own directory, or in the only
// directory at the top whose name ends in ".libs" that has it; nothing where there is none. A name
// with a "/" or a "$" is none. Fails only where the listing does.
Result<std::optional<std::string>> find_bundled(const Listing& listing, std::string_view entry,
                                                const std::vector<std::string>& directories,
                                                std::string_view name);

// bundled_members returns the members that the object at `entry` needs, of those that can be told
// by itself. Fails only where the listing does.
Result<std::vector<std::string>> bundled_members(const Listing& listing, std::string_view entry,
                                                 const SharedObject& object);

}  // namespace signedvfs
