#include "importer/paths/library.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "importer/paths/text.h"

namespace signedvfs {

namespace {

// The library's modules try these, and go on without them: Jython's; before 3.10, where Python does
// not know its own names yet, those of other platforms; and _wmi, which 3.12 has forgotten to name.
constexpr std::array<std::string_view, 11> kTried{"org",      "java",    "nt",     "_winapi",
                                                  "_winreg",  "winreg",  "msvcrt", "_overlapped",
                                                  "_scproxy", "vms_lib", "_wmi"};

Result<bool> is_name_of_library(PyObject* name, std::string_view text) {
  if (std::find(kTried.begin(), kTried.end(), text) != kTried.end()) return true;
  const PyRef names = sys_object("stdlib_module_names");  // from 3.10 on
  const int is_known = names ? PySequence_Contains(names.get(), name) : 0;
  return is_known < 0 ? Result<bool>(python_error()) : Result<bool>(is_known > 0);
}

// absent answers for a name that the library does not have here: a ModuleNotFoundError where it is
// one of its names on some platform ("nt"), None otherwise.
Result<PyRef> absent(PyObject* name, std::string_view text) {
  SIGNEDVFS_ASSIGN(const bool is_known, is_name_of_library(name, text));
  if (!is_known) return PyRef::borrow(Py_None);
  SIGNEDVFS_ASSIGN(const PyRef message, owned(PyUnicode_FromFormat("No module named %R", name)));
  SIGNEDVFS_ASSIGN(const PyRef arguments, owned(PyTuple_Pack(1, message.get())));
  SIGNEDVFS_ASSIGN(const PyRef keywords, owned(Py_BuildValue("{sO}", "name", name)));
  SIGNEDVFS_ASSIGN(const PyRef error, owned(PyObject_Call(PyExc_ModuleNotFoundError,
                                                          arguments.get(), keywords.get())));
  PyErr_SetObject(PyExc_ModuleNotFoundError, error.get());
  return python_error();
}

// is_installed tells whether an entry of sys.path is one of the interpreter's directories of
// installed packages, by its name and by where the interpreter was installed to.
bool is_installed(const ImportSystem& system, const std::string& entry) {
  const std::string_view last = last_component(entry);
  if (last != "site-packages" && last != "dist-packages") return false;
  const std::vector<std::string>& prefixes = system.prefixes;
  return entry.find("/../") == std::string::npos &&
         std::any_of(prefixes.begin(), prefixes.end(),
                     [&](const std::string& prefix) { return is_at_or_below(entry, prefix); });
}

// directories_of returns a list of those of a library.
Result<PyRef> directories_of(const ImportSystem& system, Library library) {
  SIGNEDVFS_ASSIGN(const PyRef sources, text_of_utf8(system.own_library));
  SIGNEDVFS_ASSIGN(const PyRef extensions, text_of_utf8(system.own_library + "/lib-dynload"));
  SIGNEDVFS_ASSIGN(PyRef out, owned(Py_BuildValue("[OO]", sources.get(), extensions.get())));
  const PyRef path = sys_object("path");
  if (library == Library::kOwn || !path || PyList_Check(path.get()) == 0) return out;
  SIGNEDVFS_ASSIGN(const PyRef entries, owned(PySequence_List(path.get())));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(entries.get()); ++i) {
    PyObject* const entry = PyList_GET_ITEM(entries.get(), i);
    if (PyUnicode_Check(entry) == 0) continue;
    SIGNEDVFS_ASSIGN(const std::string text, utf8_of(entry));
    if (is_installed(system, text) && PyList_Append(out.get(), entry) < 0) return python_error();
  }
  return out;
}

// find_in returns the spec of a module that lies in `directory`, or None. No path hook is asked:
// these directories are taken as they are.
Result<PyRef> find_in(const ImportSystem& system, PyObject* directory, PyObject* name) {
  SIGNEDVFS_ASSIGN(const PyRef type, loaded_attribute("_frozen_importlib_external", "FileFinder"));
  SIGNEDVFS_ASSIGN(const PyRef list,
                   loaded_attribute("_frozen_importlib_external", "_get_supported_file_loaders"));
  SIGNEDVFS_ASSIGN(const PyRef loaders, owned(PyObject_CallObject(list.get(), nullptr)));
  SIGNEDVFS_ASSIGN(const PyRef details, owned(PySequence_Tuple(loaders.get())));
  SIGNEDVFS_ASSIGN(const PyRef first, owned(PyTuple_Pack(1, directory)));
  SIGNEDVFS_ASSIGN(const PyRef arguments, owned(PySequence_Concat(first.get(), details.get())));
  SIGNEDVFS_ASSIGN(const PyRef finder, owned(PyObject_CallObject(type.get(), arguments.get())));
  SIGNEDVFS_ASSIGN(PyRef spec, owned(PyObject_CallMethodObjArgs(
                                   finder.get(), system.find_spec.get(), name, nullptr)));
  if (spec.get() == Py_None) return spec;
  // A directory that happens to lie there is no module of the library.
  SIGNEDVFS_ASSIGN(const PyRef loader, owned(PyObject_GetAttr(spec.get(), system.loader.get())));
  return loader.get() == Py_None ? PyRef::borrow(Py_None) : std::move(spec);
}

}  // namespace

Result<bool> is_in_own_library(const ImportSystem& system, PyObject* origin) {
  if (system.own_library.empty() || PyUnicode_Check(origin) == 0) return false;
  SIGNEDVFS_ASSIGN(const std::string file, utf8_of(origin));
  const std::string real = resolved_path(file);
  const std::string library = resolved_path(system.own_library);
  if (!is_at_or_below(real, library)) return false;
  const std::string_view inside = std::string_view(real).substr(library.size());
  return !inside.starts_with("/site-packages/") && !inside.starts_with("/dist-packages/");
}

Result<PyRef> find_in_library(const ImportSystem& system, PyObject* name, Library library) {
  SIGNEDVFS_ASSIGN(const std::string dotted, utf8_of(name));
  if (system.own_library.empty() || dotted.find('.') != std::string::npos) {
    return PyRef::borrow(Py_None);
  }
  // Somebody in front may have asked for the path before what is built in.
  for (std::size_t i = 0; i + 1 < system.standard_finders.size(); ++i) {
    SIGNEDVFS_ASSIGN(PyRef spec,
                     owned(PyObject_CallMethodObjArgs(system.standard_finders[i].type.get(),
                                                      system.find_spec.get(), name, nullptr)));
    if (spec.get() != Py_None) return spec;
  }
  SIGNEDVFS_ASSIGN(const PyRef directories, directories_of(system, library));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(directories.get()); ++i) {
    SIGNEDVFS_ASSIGN(PyRef spec, find_in(system, PyList_GET_ITEM(directories.get(), i), name));
    if (spec.get() != Py_None) return spec;
  }
  return absent(name, dotted);
}

}  // namespace signedvfs
