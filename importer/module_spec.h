// Module specifications as importlib makes them (PEP 451).
#pragma once

#include "archive/status.h"
#include "importer/python.h"

namespace signedvfs {

// make_spec returns an importlib.machinery.ModuleSpec for a module whose code comes from `origin`
// (a str). `location` is where a package's submodules are, or null for a module.
Result<PyRef> make_spec(PyObject* name, PyObject* loader, PyObject* origin, PyObject* location);

// make_namespace_spec returns the spec of one portion of a namespace package (PEP 420).
Result<PyRef> make_namespace_spec(PyObject* name, PyObject* location);

}  // namespace signedvfs
