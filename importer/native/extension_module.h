// Extension modules from members that have been loaded (PEP 489).
#pragma once

#include <string>

#include "archive/base/status.h"
#include "importer/python/import_system.h"
#include "importer/python/object.h"

namespace signedvfs {

// create_extension returns the module of `spec` (a ModuleSpec), as importlib's own loader of
// extension modules has CPython make it, single-phase or multi-phase, from what `load_member` has
// loaded under `path`. `origin` (a str) is the path by which people know the file: it is the
// module's `__file__`, and in ImportErrors. Fails with `kPython`.
Result<PyRef> create_extension(const ImportSystem& system, PyObject* spec, const std::string& path,
                               PyObject* origin);

// execute_extension has CPython run the second phase; for modules that have none, and again, it
// does nothing.
Status execute_extension(const ImportSystem& system, PyObject* module);

// loading_flags returns the flags of dlopen(3) that the interpreter loads extension modules with.
Result<int> loading_flags();

}  // namespace signedvfs
