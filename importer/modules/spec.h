// Specs and modules as importlib makes them, without running its Python code (PEP 451).
#pragma once

#include "archive/base/status.h"
#include "importer/python/import_system.h"
#include "importer/python/object.h"

namespace signedvfs {

// make_spec returns the spec of a module that `loader` loads from the file `origin`; `location` is
// where a package's submodules are, and null for other modules.
Result<PyRef> make_spec(const ImportSystem& system, PyObject* name, PyObject* loader,
                        PyObject* origin, PyObject* location);

// make_namespace_spec returns the spec of a namespace package's portion at `location` (PEP 420).
Result<PyRef> make_namespace_spec(const ImportSystem& system, PyObject* name, PyObject* location);

// package_of returns what ModuleSpec.parent does for the module `name` (a str): a package itself,
// or what precedes the last dot.
Result<PyRef> package_of(PyObject* name, bool is_package);

// make_module returns an empty module for a spec of `make_spec`, with the attributes that importlib
// would give it; None, which leaves it to importlib, for a spec that somebody else has made.
Result<PyRef> make_module(const ImportSystem& system, PyObject* spec);

}  // namespace signedvfs
