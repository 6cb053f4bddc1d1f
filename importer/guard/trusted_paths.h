// Directories that are trusted by where they stand, and by nothing else.
//
// There are two kinds: the Python half of signedvfs, which belongs to the verifier as its native
// half does; and, for whoever asks for this weaker choice, the interpreter's own library.
#pragma once

#include "archive/base/status.h"
#include "importer/guard/guard.h"
#include "importer/python/interpreter.h"
#include "importer/python/object.h"

namespace signedvfs {

// find_by_path returns the spec of the module `name` (a str) in `entry`, an entry of its path, or
// None: it has no such module, or is not trusted for it. Only how an entry is spelled counts: what
// a symbolic link leads to can change before the file is read.
Result<PyRef> find_by_path(Interpreter& home, Guard& guard, PyObject* name, PyObject* entry);

// check_library_paths fails with `kUsage` where the environment says where the library is.
Status check_library_paths();

}  // namespace signedvfs
