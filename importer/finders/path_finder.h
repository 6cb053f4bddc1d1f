// What importlib's PathFinder would answer, where all that it would ask is ours.
#pragma once

#include "archive/base/status.h"
#include "importer/python/interpreter.h"
#include "importer/python/object.h"

namespace signedvfs {

// find_on_path returns the spec that the import of `name` (a str) is going to end with, or None
// where that cannot be told without asking somebody else: then Python goes on as always. `path` is
// the package's `__path__`, or None for sys.path; `self` is our own entry of sys.meta_path.
//
// Most of what an import costs beside the module itself is the Python code that goes through
// sys.meta_path and sys.path to get to our finder. This does the same in C++ as long as nothing is
// unusual: behind `self` stand the three finders that every interpreter has, unchanged; no built-in
// or frozen module has the name; our class is unchanged, too; and each entry of the path up to the
// one with the module is answered by a finder of ours that is in sys.path_importer_cache already.
Result<PyRef> find_on_path(Interpreter& home, PyObject* self, PyObject* name, PyObject* path);

}  // namespace signedvfs
