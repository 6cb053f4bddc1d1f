#include "importer/finders/path_finder.h"

#include "importer/finders/finder_type.h"
#include "importer/finders/importers.h"
#include "importer/python/heap_type.h"
#include "importer/python/import_system.h"

namespace signedvfs {
namespace {

// is_usual tells whether sys.meta_path goes on after `self` as every interpreter's begins.
bool is_usual(const ImportSystem& system, PyObject* self) {
  const PyRef finders = sys_object("meta_path");
  if (!finders || PyList_CheckExact(finders.get()) == 0) return false;
  if (item_at(finders.get(), 0).get() != self) return false;
  Py_ssize_t at = 1;
  for (const ImportSystem::StandardFinder& finder : system.standard_finders) {
    PyObject* const type = finder.type.get();
    if (item_at(finders.get(), at++).get() != type) return false;
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

Result<PyRef> find_on_path(Interpreter& home, PyObject* self, PyObject* name, PyObject* path) {
  const auto nothing = [&]() -> Result<PyRef> { return PyRef::borrow(Py_None); };
  if (PyUnicode_CheckExact(name) == 0) return nothing();
  const ImportSystem& system = home.importers->over_all->system;
  PyTypeObject* const ours = Interpreter::type(home.types.finder);
  // Our own: what we call may run Python code, of audit hooks, which may change both.
  const PyRef entries = path == Py_None ? sys_object("path") : PyRef::borrow(path);
  const PyRef cache = sys_object("path_importer_cache");
  if (!entries || PyList_CheckExact(entries.get()) == 0 || !cache ||
      PyDict_CheckExact(cache.get()) == 0 || !is_usual(system, self) ||
      system.own_find_spec(home.types.finder.get()).get() != home.importers->own_find_spec.get()) {
    return nothing();
  }
  bool asked_python = false;
  for (Py_ssize_t i = 0;; ++i) {
    const PyRef entry = item_at(entries.get(), i);
    if (!entry || PyUnicode_CheckExact(entry.get()) == 0) return nothing();
    SIGNEDVFS_ASSIGN(const PyRef finder, item_of(cache.get(), entry.get()));
    if (!finder || Py_TYPE(finder.get()) != ours) return nothing();
    const Finder* const value = value_in<Finder>(finder.get());
    if (value == nullptr) return python_error();
    if (!asked_python) {
      SIGNEDVFS_ASSIGN(const bool is_there, is_in_python(system, name));
      if (is_there) return nothing();
      asked_python = true;
    }
    SIGNEDVFS_ASSIGN(PyRef spec, find_spec_of(home, *value, finder.get(), name));
    if (spec.get() == Py_None) continue;
    SIGNEDVFS_ASSIGN(const PyRef loader, owned(PyObject_GetAttr(spec.get(), system.loader.get())));
    if (loader.get() == Py_None) return nothing();  // portions of a namespace package add up
    return spec;
  }
}

}  // namespace signedvfs
