#include "importer/guard/module_claims.h"

#include <string_view>
#include <tuple>
#include <utility>

#include "archive/os/loaded_code.h"

namespace signedvfs {
namespace {

// is_plain_module tells whether no class has a say in what the module's attributes are. A module
// that is loaded when it is first used (importlib.util.LazyLoader) is of such a class.
bool is_plain_module(PyObject* module) {
  return PyModule_Check(module) != 0 && Py_TYPE(module)->tp_getattro == PyModule_Type.tp_getattro;
}

// text_in returns what a dictionary holds under `name`, where that is a str; else "".
Result<std::string> text_in(PyObject* dict, const char* name) {
  SIGNEDVFS_ASSIGN(const PyRef key, text_of_utf8(name));
  SIGNEDVFS_ASSIGN(const PyRef found, item_of(dict, key.get()));
  if (!found || PyUnicode_Check(found.get()) == 0) return std::string();
  return utf8_of(found.get());
}

// definition_of returns what the C code of a module has defined it by; null: it has no such code.
const void* definition_of(PyObject* module) {
  if (PyModule_Check(module) == 0) return nullptr;
#if PY_VERSION_HEX >= 0x030f0000
  void* token = nullptr;  // of modules that are made of slots (PEP 793), too
  if (PyModule_GetToken(module, &token) != 0) PyErr_Clear();
  return token;
#else
  return PyModule_GetDef(module);
#endif
}

}  // namespace

Result<Loaded> read_claims(PyObject* name, PyObject* module) {
  Loaded out{name, module, {}, is_plain_module(module), {}, {}, {}};
  SIGNEDVFS_ASSIGN(out.dotted, utf8_of(name));
  if (!out.is_plain) return out;
  PyObject* const dict = PyModule_GetDict(module);
  SIGNEDVFS_ASSIGN(const PyRef key, text_of_utf8("__spec__"));
  SIGNEDVFS_ASSIGN(out.spec, item_of(dict, key.get()));
  SIGNEDVFS_ASSIGN(out.own_name, text_in(dict, "__name__"));
  SIGNEDVFS_ASSIGN(out.file, text_in(dict, "__file__"));
  return out;
}

std::string stem_of(const std::string& file, std::string& directory) {
  const auto parted = [](std::string_view path) {
    const std::size_t slash = path.rfind('/');
    if (slash == std::string_view::npos) return std::pair(std::string_view(), path);
    return std::pair(path.substr(0, slash), path.substr(slash + 1));
  };
  auto [above, name] = parted(file);
  if (name.starts_with("__init__.")) std::tie(above, name) = parted(above);
  directory = above;
  return std::string(name.substr(0, name.find('.')));
}

std::optional<std::string> native_object_of(PyObject* module) {
  const void* const definition = definition_of(module);
  if (definition == nullptr) return std::nullopt;
  return object_of_code(definition);
}

std::optional<std::string> object_of_interpreter() {
  return object_of_code(reinterpret_cast<const void*>(&PyModule_GetDict));
}

bool is_extension_file(const std::string& file) { return file.ends_with(".so"); }

Result<bool> is_class_of_parent(const Loaded& one) {
  const std::size_t dot = one.dotted.rfind('.');
  if (dot == std::string::npos || PyType_Check(one.module) == 0) return false;
  const std::string above = one.dotted.substr(0, dot);
  SIGNEDVFS_ASSIGN(const PyRef name, text_of_utf8(above));
  SIGNEDVFS_ASSIGN(const PyRef parent, item_of(PyImport_GetModuleDict(), name.get()));
  if (!parent || !is_plain_module(parent.get())) return false;
  SIGNEDVFS_ASSIGN(const PyRef key, text_of_utf8(one.dotted.substr(dot + 1)));
  SIGNEDVFS_ASSIGN(const PyRef held, item_of(PyModule_GetDict(parent.get()), key.get()));
  if (held.get() != one.module) return false;
  PyObject* const dict = reinterpret_cast<PyTypeObject*>(one.module)->tp_dict;
  if (dict == nullptr) return false;
  SIGNEDVFS_ASSIGN(const std::string maker, text_in(dict, "__module__"));
  return maker == above;
}

}  // namespace signedvfs
