// The interpreter's own library, which is trusted as the interpreter is, and what was installed
// beside it.
#pragma once

#include <cstdint>

#include "archive/base/status.h"
#include "importer/python/import_system.h"
#include "importer/python/object.h"

namespace signedvfs {

// is_in_own_library tells whether the file `origin` (a str, or anything else) belongs to the
// interpreter's own library, and not to what was installed into a directory below it. By way of
// symbolic links or ".." nothing does.
Result<bool> is_in_own_library(const ImportSystem& system, PyObject* origin);

// Library says where to look.
enum class Library : std::uint8_t {
  kOwn,        // the interpreter's own
  kInstalled,  // and those entries of sys.path that are its directories of installed packages
};

// find_in_library returns the spec of the module `name` (a str) as a library has it, wherever on
// sys.path that stands; None for other names, and for submodules. A name of the interpreter's own
// library that this platform lacks is a ModuleNotFoundError (`kPython`), which the library's own
// modules are prepared for. So whatever else is refused, programs can still say so: to print a
// traceback takes imports.
Result<PyRef> find_in_library(const ImportSystem& system, PyObject* name, Library library);

}  // namespace signedvfs
