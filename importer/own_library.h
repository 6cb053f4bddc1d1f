// The interpreter's own library, which is trusted as the interpreter is.
#pragma once

#include "archive/status.h"
#include "importer/import_system.h"
#include "importer/python.h"

namespace signedvfs {

// is_in_own_library tells whether the file `origin` (a str, or anything else) belongs to the
// interpreter's own library, and not to what was installed into a directory below it.
Result<bool> is_in_own_library(const ImportSystem& system, PyObject* origin);

// find_in_own_library returns the spec of the module `name` (a str) as the interpreter's own
// library has it, wherever on sys.path that stands; None for other names, and for submodules. A
// name of the library that this platform lacks is a ModuleNotFoundError (`kPython`), which the
// library's own modules are prepared for. So whatever else is refused, programs can still say so:
// to print a traceback takes imports.
Result<PyRef> find_in_own_library(const ImportSystem& system, PyObject* name);

}  // namespace signedvfs
