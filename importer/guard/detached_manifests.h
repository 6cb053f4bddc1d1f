// Directories that are signed by manifests which stand elsewhere: the library's above all. Private
// to guard/.
#pragma once

#include "archive/base/status.h"
#include "importer/guard/guard.h"
#include "importer/python/object.h"

namespace signedvfs {

// open_manifests opens the roots of the detached manifests by the policy of the guard, and has its
// importer answer for them. `manifests` (null or None: there are none) has tuples of a manifest and
// a directory, or of a manifest and roots as `open_roots` takes them; `stdlib` (null or None: there
// is none) is the manifest of the running interpreter's library, or a tuple of it and its roots:
// what their native code needs of the system it gets (SourceKind). Fails as opening does.
Status open_manifests(Guard& guard, PyObject* manifests, PyObject* stdlib);

}  // namespace signedvfs
