// What has to be loaded, and in which order, so that the linker searches for nothing. Private to
// native/.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "archive/base/status.h"
#include "importer/native/library_source.h"
#include "importer/native/sealed_library.h"

namespace signedvfs {

// NeededMember is a library in the archive that another one needs: the linker is going to look for
// `name`, and has to take the member `entry`.
struct NeededMember {
  std::string name;
  std::string entry;
};

// PlannedLibrary is one member that is to be loaded.
struct PlannedLibrary {
  std::string entry;
  std::string identity;
  std::vector<NeededMember> needs;        // in groups before its own, or in that
  std::vector<std::string> systems;       // libraries of the system that it needs
  std::unique_ptr<SealedLibrary> sealed;  // null: the member has been loaded before
};

// PlannedGroup is one library, or all those that need each other, directly or not: those are loaded
// at the same time. By the names by which they need each other they know themselves (DT_SONAME),
// and no other of the group does.
using PlannedGroup = std::vector<PlannedLibrary>;

// plan_libraries reads and checks the member `entry` and all members that it needs, directly or
// not, and returns them in an order in which each comes after what it needs. What the archive's
// notes say (notes.h) of any of these comes before it; what the notes want before something that it
// needs itself comes later. Nothing of theirs runs. Fails with `kBadLibrary` about what cannot be
// loaded, saying what is wanted, and as reading does. Not for the GIL: it reads.
Result<std::vector<PlannedGroup>> plan_libraries(const LibrarySource& source,
                                                 const std::string& entry);

}  // namespace signedvfs
