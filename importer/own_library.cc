#include "importer/own_library.h"

#include <string>
#include <string_view>

#include "importer/path_text.h"

namespace signedvfs {

Result<bool> is_in_own_library(const ImportSystem& system, PyObject* origin) {
  if (system.own_library.empty() || PyUnicode_Check(origin) == 0) return false;
  SIGNEDVFS_ASSIGN(const std::string file, utf8_of(origin));
  if (!is_at_or_below(file, system.own_library)) return false;
  const std::string_view inside = std::string_view(file).substr(system.own_library.size());
  return !inside.starts_with("/site-packages/") && !inside.starts_with("/dist-packages/");
}

namespace {

// absent answers for a name that the library does not have here: a ModuleNotFoundError where it is
// one of its names on some platform ("nt"), None otherwise.
Result<PyRef> absent(PyObject* name) {
  PyObject* const names = PySys_GetObject("stdlib_module_names");  // from 3.10 on
  const int is_ours = names == nullptr ? 0 : PySequence_Contains(names, name);
  if (is_ours < 0) return python_error();
  if (is_ours == 0) return PyRef::borrow(Py_None);
  SIGNEDVFS_ASSIGN(const PyRef message, owned(PyUnicode_FromFormat("No module named %R", name)));
  SIGNEDVFS_ASSIGN(const PyRef arguments, owned(PyTuple_Pack(1, message.get())));
  SIGNEDVFS_ASSIGN(const PyRef keywords, owned(Py_BuildValue("{sO}", "name", name)));
  SIGNEDVFS_ASSIGN(const PyRef error, owned(PyObject_Call(PyExc_ModuleNotFoundError,
                                                          arguments.get(), keywords.get())));
  PyErr_SetObject(PyExc_ModuleNotFoundError, error.get());
  return python_error();
}

}  // namespace

Result<PyRef> find_in_own_library(const ImportSystem& system, PyObject* name) {
  SIGNEDVFS_ASSIGN(const std::string dotted, utf8_of(name));
  if (system.own_library.empty() || dotted.find('.') != std::string::npos) {
    return PyRef::borrow(Py_None);
  }
  SIGNEDVFS_ASSIGN(const PyRef sources, text_of_utf8(system.own_library));
  SIGNEDVFS_ASSIGN(const PyRef extensions, text_of_utf8(system.own_library + "/lib-dynload"));
  SIGNEDVFS_ASSIGN(const PyRef path, owned(Py_BuildValue("[OO]", sources.get(), extensions.get())));
  SIGNEDVFS_ASSIGN(PyRef spec, owned(PyObject_CallMethodObjArgs(
                                   system.standard_finders.back().type.get(),
                                   system.find_spec.get(), name, path.get(), nullptr)));
  if (spec.get() == Py_None) return absent(name);
  // A directory that happens to lie there is no module of the library.
  SIGNEDVFS_ASSIGN(const PyRef loader, owned(PyObject_GetAttr(spec.get(), system.loader.get())));
  if (loader.get() == Py_None) return absent(name);
  return spec;
}

}  // namespace signedvfs
