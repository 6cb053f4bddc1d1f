#include "importer/path_finder.h"

namespace signedvfs {
namespace {

// is_usual tells whether sys.meta_path goes on after `self` as every interpreter's begins.
bool is_usual(const ImportSystem& system, PyObject* self) {
  PyObject* const finders = PySys_GetObject("meta_path");  // borrowed
  if (finders == nullptr || PyList_CheckExact(finders) == 0) return false;
  const auto expected = static_cast<Py_ssize_t>(system.standard_finders.size());
  if (PyList_GET_SIZE(finders) <= expected || PyList_GET_ITEM(finders, 0) != self) return false;
  Py_ssize_t at = 1;
  for (const ImportSystem::StandardFinder& finder : system.standard_finders) {
    PyObject* const type = finder.type.get();
    if (PyList_GET_ITEM(finders, at++) != type) return false;
    if (system.own_find_spec(type).get() != finder.find_spec.get()) return false;
  }
  return true;
}

// is_in_python tells whether the interpreter itself has a module of that name.
Result<bool> is_in_python(const ImportSystem& system, PyObject* name) {
  const int is_builtin = PySet_Contains(system.builtin_names.get(), name);
  if (is_builtin != 0) return is_builtin > 0 ? Result<bool>(true) : python_error();
  PyObject* const arguments[] = {name};
  SIGNEDVFS_ASSIGN(const PyRef is_frozen,
                   owned(PyObject_Vectorcall(system.is_frozen.get(), arguments, 1, nullptr)));
  return is_frozen.get() != Py_False;
}

}  // namespace

Result<PyRef> find_on_path(const ImportSystem& system, PyObject* self, PyObject* name,
                           PyObject* path, const FinderCall& ours) {
  const auto nothing = [&]() -> Result<PyRef> { return PyRef::borrow(Py_None); };
  if (PyUnicode_CheckExact(name) == 0) return nothing();
  // Our own: what we call may run Python code, of audit hooks, which may change both.
  const PyRef entries = PyRef::borrow(path == Py_None ? PySys_GetObject("path") : path);
  const PyRef cache = PyRef::borrow(PySys_GetObject("path_importer_cache"));
  if (!entries || PyList_CheckExact(entries.get()) == 0 || !cache ||
      PyDict_CheckExact(cache.get()) == 0 || !is_usual(system, self) ||
      system.own_find_spec(reinterpret_cast<PyObject*>(ours.type)).get() != ours.own) {
    return nothing();
  }
  bool asked_python = false;
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(entries.get()); ++i) {
    const PyRef entry = PyRef::borrow(PyList_GET_ITEM(entries.get(), i));
    if (PyUnicode_CheckExact(entry.get()) == 0) return nothing();
    const PyRef finder = PyRef::borrow(PyDict_GetItemWithError(cache.get(), entry.get()));
    if (!finder) return PyErr_Occurred() != nullptr ? Result<PyRef>(python_error()) : nothing();
    if (Py_TYPE(finder.get()) != ours.type) return nothing();
    if (!asked_python) {
      SIGNEDVFS_ASSIGN(const bool is_there, is_in_python(system, name));
      if (is_there) return nothing();
      asked_python = true;
    }
    SIGNEDVFS_ASSIGN(PyRef spec, ours.find_spec(ours.type, finder.get(), name));
    if (spec.get() == Py_None) continue;
    SIGNEDVFS_ASSIGN(const PyRef loader, owned(PyObject_GetAttr(spec.get(), system.loader.get())));
    if (loader.get() == Py_None) return nothing();  // portions of a namespace package add up
    return spec;
  }
  return nothing();
}

}  // namespace signedvfs
