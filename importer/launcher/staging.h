// Python's import system closed to everything but the archive, before it has imported anything.
// Private to launcher/.
#pragma once

#include "archive/base/status.h"
#include "importer/launcher/opening.h"

namespace signedvfs {

// prepare_staging is to be called before Python is initialized, with what may still be opening. It
// is waited for by what comes first of all; an application that is refused ends the process there.
//
// The first module that an interpreter imports is `encodings`: when the import system stands, and
// before anything was read from a disk (Python/pylifecycle.c, init_interp_main). It is made a
// frozen module of ours here, in the table of frozen modules that C programs may replace
// (PyImport_FrozenModules). Its code has `signedvfs._core` made, the finders of the import system
// put away, ours put in their place, and then becomes the `encodings` of the archive. The table is
// the process's, so in each sub-interpreter the same happens.
Status prepare_staging(Opening& opening);

}  // namespace signedvfs
