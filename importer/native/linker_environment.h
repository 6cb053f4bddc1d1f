// What the environment has told the dynamic linker, and may have had it load. Private to native/.
#pragma once

#include "archive/base/status.h"
#include "vfs/manifest/native_rules.h"

namespace signedvfs {

// remember_environment reads what the linker was told, before the program writes over it.
void remember_environment();

// check_environment fails with `kBadLibrary` where LD_PRELOAD or LD_AUDIT has put a library into
// the process that `rules` do not name: what it defines comes before what is signed. Nothing can be
// proved about such a process (ld.so(8)); this is so that nobody is surprised.
Status check_environment(const NativeRules& rules);

// keeps_libraries_open tells whether the process was started with SIGNEDVFS_DEBUG_LIBRARIES=1: then
// whole files are loaded, and their memory keeps a descriptor, for debuggers to find symbols by.
bool keeps_libraries_open();

// ensure_system_library has the system's library `name` loaded, or the program's own of that name
// (program_directories.h), so that no object's own search path is asked for it. With
// LD_LIBRARY_PATH in the environment it is looked for in the directories of the program and of the
// system alone, and what it needs with it. Where there is none of a name that is empty anyway,
// an object of ours stands in for it (merged_library.h). Fails with `kBadLibrary` where there is
// none. Runs its constructors.
Status ensure_system_library(const std::string& name);

}  // namespace signedvfs
