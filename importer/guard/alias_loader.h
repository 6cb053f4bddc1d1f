// The loader of a module that is imported under an alias. Private to guard/.
#pragma once

#include <string>

#include "archive/base/status.h"
#include "importer/python/import_system.h"
#include "importer/python/interpreter.h"
#include "importer/python/object.h"

namespace signedvfs {

// add_alias_loader makes its class.
Status add_alias_loader(Interpreter& home);

// alias_spec returns a spec by which the import of `name` (a str) ends with the module `canonical`:
// one module, executed once, under two names.
Result<PyRef> alias_spec(Interpreter& home, const ImportSystem& system, PyObject* name,
                         std::string canonical);

}  // namespace signedvfs
