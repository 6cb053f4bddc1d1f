// The roots of detached manifests, and the function that opens them.
#pragma once

#include <vector>

#include "importer/python/interpreter.h"
#include "importer/python/object.h"
#include "vfs/detached.h"

namespace signedvfs {

// roots_of returns the roots that `roots` names: an iterable of tuples (role, directory) or (role,
// directory, directories apart). Needs the GIL; fails with `kPython`, or with `kUsage` where there
// are none.
Result<std::vector<RootDirectory>> roots_of(PyObject* roots);

Status add_roots(Interpreter& home);

}  // namespace signedvfs
