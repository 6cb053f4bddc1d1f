#include "importer/finders/namespace_guard.h"

#include <string>

#include "importer/paths/library.h"

namespace signedvfs {
namespace {

// search_path returns a list of the entries among which the import system looks for `name`:
// sys.path, or the `__path__` of the package; null where there is none.
Result<PyRef> search_path(const ImportSystem& system, PyObject* name) {
  SIGNEDVFS_ASSIGN(const std::string dotted, utf8_of(name));
  const std::size_t dot = dotted.rfind('.');
  PyRef path;
  if (dot == std::string::npos) {
    path = sys_object("path");
  } else {
    SIGNEDVFS_ASSIGN(const PyRef parent, text_of_utf8(dotted.substr(0, dot)));
    const PyRef package = PyRef::steal(PyImport_GetModule(parent.get()));
    if (!package && PyErr_Occurred() != nullptr) return python_error();
    if (!package) return PyRef();
    path = PyRef::steal(PyObject_GetAttr(package.get(), system.dunder_path.get()));
    if (!path) PyErr_Clear();  // no package (any more)
  }
  if (!path) return PyRef();
  return owned(PySequence_List(path.get()));
}

// entries_behind returns those that follow the one which `finder` answers for; null: there is none.
Result<PyRef> entries_behind(PyObject* path, PyObject* finder) {
  const PyRef cache = sys_object("path_importer_cache");
  if (!cache || PyDict_Check(cache.get()) == 0) return PyRef();
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(path); ++i) {
    PyObject* const entry = PyList_GET_ITEM(path, i);
    if (PyUnicode_Check(entry) == 0) continue;
    SIGNEDVFS_ASSIGN(const PyRef kept, item_of(cache.get(), entry));
    if (kept.get() == finder) return owned(PyList_GetSlice(path, i + 1, PyList_GET_SIZE(path)));
  }
  return PyRef();
}

}  // namespace

Status refuse_replacement(const ImportSystem& system, PyTypeObject* ours, PyObject* finder,
                          PyObject* name) {
  SIGNEDVFS_ASSIGN(const PyRef path, search_path(system, name));
  if (!path) return {};
  SIGNEDVFS_ASSIGN(const PyRef behind, entries_behind(path.get(), finder));
  if (!behind || PyList_GET_SIZE(behind.get()) == 0) return {};
  PyObject* const path_finder = system.standard_finders.back().type.get();
  SIGNEDVFS_ASSIGN(const PyRef spec,
                   owned(PyObject_CallMethodObjArgs(path_finder, system.find_spec.get(), name,
                                                    behind.get(), nullptr)));
  if (spec.get() == Py_None) return {};
  SIGNEDVFS_ASSIGN(const PyRef loader, owned(PyObject_GetAttr(spec.get(), system.loader.get())));
  if (loader.get() == Py_None || PyObject_TypeCheck(loader.get(), ours) != 0) return {};
  SIGNEDVFS_ASSIGN(const PyRef origin, owned(PyObject_GetAttr(spec.get(), system.origin.get())));
  SIGNEDVFS_ASSIGN(const bool is_pythons, is_in_own_library(system, origin.get()));
  if (is_pythons) return {};
  SIGNEDVFS_ASSIGN(const std::string what, utf8_of(name));
  SIGNEDVFS_ASSIGN(const PyRef shown, owned(PyObject_Str(origin.get())));
  SIGNEDVFS_ASSIGN(const std::string where, utf8_of(shown.get()));
  return {Errc::kShadowed, "the namespace package " + in_quotes(what) + " is signed, and " +
                               in_quotes(where) +
                               ", which nobody has signed, would replace all of it"};
}

}  // namespace signedvfs
