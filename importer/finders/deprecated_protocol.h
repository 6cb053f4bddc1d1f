// The loader and finder methods of PEP 302, which PEP 451 replaced.
#pragma once

#include "archive/base/status.h"
#include "importer/finders/finder.h"
#include "importer/python/object.h"

namespace signedvfs {

// Each is there in the Python versions in which zipimport has it; see deprecated_methods.cc.
// `loader` is Python's object for `finder`, `name` a str. All need the GIL, and raise what
// `ModuleQuery` raises.

#if PY_VERSION_HEX < 0x030f0000
// load_module imports the module `name` into sys.modules, reusing the module that is there; where
// its code fails, sys.modules does not keep it.
Result<PyRef> load_module(const Finder& finder, PyObject* loader, PyObject* name);
#endif

#if PY_VERSION_HEX < 0x030c0000
// find_module returns `loader` where it can load `name`, and None where it can not.
Result<PyRef> find_module_loader(const Finder& finder, PyObject* loader, PyObject* name);

// find_loader returns (loader, []), (None, [path]) for a namespace portion, or (None, []).
Result<PyRef> find_loader(const Finder& finder, PyObject* loader, PyObject* name);
#endif

}  // namespace signedvfs
