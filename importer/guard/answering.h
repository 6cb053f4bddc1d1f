// What a manager answers to the import system.
#pragma once

#include <memory>

#include "archive/base/status.h"
#include "importer/guard/guard.h"
#include "importer/python/interpreter.h"
#include "importer/python/object.h"

namespace signedvfs {

// answer_import is `SignedImportManager.find_spec`: the spec, or None where the module is nowhere.
// A refusal is a status that Python's exception has been set for (`kPython`). `path` is the
// package's `__path__`, or None for sys.path; `self` is the manager.
Result<PyRef> answer_import(Interpreter& home, const std::shared_ptr<Guard>& asked, PyObject* self,
                            PyObject* name, PyObject* path, PyObject* target);

// answer_portions returns a spec with the signed portions of a namespace package, or None: what a
// package of that kind asks about when the path has changed.
Result<PyRef> answer_portions(Interpreter& home, const std::shared_ptr<Guard>& asked,
                              PyObject* self, PyObject* name, PyObject* path);

// enforcing_managers returns a new list of the installed managers whose mode is `kEnforce`. Fails
// with `kShadowed` where a locked one is no longer among the installed.
Result<PyRef> enforcing_managers(const Interpreter& home);

}  // namespace signedvfs
