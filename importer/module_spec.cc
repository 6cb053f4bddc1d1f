#include "importer/module_spec.h"

namespace signedvfs {
namespace {

Result<PyRef> new_spec(PyObject* name, PyObject* loader, PyObject* origin) {
  SIGNEDVFS_ASSIGN(const PyRef type, loaded_attribute("_frozen_importlib", "ModuleSpec"));
  SIGNEDVFS_ASSIGN(const PyRef arguments, owned(PyTuple_Pack(2, name, loader)));
  SIGNEDVFS_ASSIGN(const PyRef keywords, owned(Py_BuildValue("{sO}", "origin", origin)));
  return owned(PyObject_Call(type.get(), arguments.get(), keywords.get()));
}

Status set_locations(PyObject* spec, PyObject* location) {
  SIGNEDVFS_ASSIGN(const PyRef list, owned(Py_BuildValue("[O]", location)));
  if (PyObject_SetAttrString(spec, "submodule_search_locations", list.get()) < 0) {
    return python_error();
  }
  return {};
}

}  // namespace

Result<PyRef> make_spec(PyObject* name, PyObject* loader, PyObject* origin, PyObject* location) {
  SIGNEDVFS_ASSIGN(PyRef spec, new_spec(name, loader, origin));
  if (PyObject_SetAttrString(spec.get(), "has_location", Py_True) < 0) return python_error();
  if (location != nullptr) SIGNEDVFS_TRY(set_locations(spec.get(), location));
  return spec;
}

Result<PyRef> make_namespace_spec(PyObject* name, PyObject* location) {
  SIGNEDVFS_ASSIGN(PyRef spec, new_spec(name, Py_None, Py_None));
  SIGNEDVFS_TRY(set_locations(spec.get(), location));
  return spec;
}

}  // namespace signedvfs
