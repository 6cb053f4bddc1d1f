// Which entries of sys.path are ours.
#pragma once

#include "archive/base/status.h"
#include "importer/finders/finder.h"
#include "importer/finders/importer.h"
#include "importer/python/object.h"

namespace signedvfs {

// claim decides about an entry of sys.path. What could ever be an archive is ours, so that no hook
// after us is asked: every regular file and what lies below it, and every missing path that is
// named like an archive; a directory only with a manifest, or at or below a path that is ours
// already. Fails with `kNotFound` for all other objects, and never because of what an archive
// holds: nothing is opened yet. Imports nothing. Needs the GIL.
Result<Location> claim(Importer& state, PyObject* path);

// protect makes `path` (str, bytes or os.PathLike) and what lies below it ours for good, whether
// or not it exists.
Status protect(Importer& state, PyObject* path);

// purge_importer_cache removes from sys.path_importer_cache what was put there before we were
// asked: zipimport's finders, None, and for paths that are ours everything that is not a `finder`.
Status purge_importer_cache(Importer& state, PyTypeObject* finder);

}  // namespace signedvfs
