// Members that hold native code, loaded by the dynamic linker from sealed memory.
#pragma once

#include <string>

#include "archive/base/status.h"
#include "importer/native/library_source.h"

namespace signedvfs {

// load_member has the member `entry` of `source` loaded, with the flags of dlopen(3), and before it
// every library of the archive that it needs; and returns the path that it is loaded under, which
// leads to it for the life of the process wherever a path is given to dlopen(3), and nowhere on the
// disk.
//
// Whatever the linker would look for is there before it looks: what is in the archive, each from
// memory of its own, and libraries of the system. That it takes those, and no others of the same
// names that were in the process before, is checked before the code of whoever needs them runs.
//
// Libraries that need each other are loaded at once (sealed_gathering.h), as they are. That nothing
// in the process has their names is checked right before; that the linker took them for one another
// only after, when their constructors have run: between the two, a thread that does not hold the
// GIL may have loaded another library of such a name.
//
// Fails with `kBadLibrary` about what cannot be loaded, as reading members does, and with `kPython`
// where an audit hook objects: `signedvfs.verify` of each member, and `signedvfs.load` (archive,
// member) before its constructors run. Needs the GIL, and releases it while it reads.
Result<std::string> load_member(const LibrarySource& source, const std::string& entry, int flags);

}  // namespace signedvfs
