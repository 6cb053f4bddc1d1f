// Where native code comes from, and what the policy says about it.
#pragma once

#include <memory>
#include <string>

#include "vfs/manifest/native_rules.h"
#include "vfs/signed_vfs.h"

namespace signedvfs {

class LibrariesAhead;

// LibrarySource is an archive or signed directory in use.
struct LibrarySource {
  std::shared_ptr<const SignedVfs> vfs;
  std::string archive;  // its absolute path, in the file system's bytes
  NativeRules rules;
  std::shared_ptr<LibrariesAhead> ahead;  // null: nothing is made ready before it is asked for
};

}  // namespace signedvfs
