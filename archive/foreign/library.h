// Finding and loading the shared object that links libarchive.
#pragma once

#include <string_view>

#include "archive/base/status.h"
#include "archive/foreign/interface.h"

namespace signedvfs {

// ForeignLibrary is the shared object, loaded.
struct ForeignLibrary {
  SignedvfsForeignDecode* decode;
};

// load_foreign_library loads the shared object, once and for good. It is looked for beside the
// shared library or Python module that this code is in (never beside an executable: those are
// started from download directories), then in `foreign_directory()`; no environment variable and no
// search path has a say. Fails with `kNoDecoder`. May be called from any thread.
Result<ForeignLibrary> load_foreign_library();

// foreign_directory returns the directory that the build was configured to install the object in,
// absolute, or "" where it is to be found only beside the code. It has a source file of its own, so
// that tests link another one, which names the build tree.
std::string_view foreign_directory() noexcept;

}  // namespace signedvfs
