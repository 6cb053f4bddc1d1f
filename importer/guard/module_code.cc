#include "importer/guard/module_code.h"

#include <string>
#include <utility>

namespace signedvfs {
namespace {

// kDeepest bounds how deep classes may lie in classes: they may hold each other.
constexpr int kDeepest = 8;

Result<PyRef> attribute(PyObject* object, const char* name) {
  PyRef found = PyRef::steal(PyObject_GetAttrString(object, name));
  if (found) return found;
  if (PyErr_ExceptionMatches(PyExc_Exception) == 0) return python_error();
  PyErr_Clear();
  return PyRef();
}

// is_of tells whether a function or class says that it was made in the module `name`.
Result<bool> is_of(PyObject* object, PyObject* name) {
  SIGNEDVFS_ASSIGN(const PyRef module, attribute(object, "__module__"));
  if (!module || PyUnicode_Check(module.get()) == 0) return false;
  return PyUnicode_Compare(module.get(), name) == 0;
}

// is_made_up tells whether a code object was made of no file.
bool is_made_up(PyObject* filename) {
  return PyUnicode_Check(filename) == 0 || PyUnicode_GetLength(filename) == 0 ||
         PyUnicode_ReadChar(filename, 0) == '<';
}

}  // namespace

Status CodeOfFiles::create() {
  SIGNEDVFS_ASSIGN(files_, owned(PyDict_New()));
  return {};
}

Status CodeOfFiles::add(const std::string& module, PyObject* code) {
  return PyCode_Check(code) != 0 ? add_all(code, module + ':') : Status();
}

Status CodeOfFiles::add_all(PyObject* code, const std::string& path) {
  SIGNEDVFS_ASSIGN(const PyRef filename, owned(PyObject_GetAttrString(code, "co_filename")));
  SIGNEDVFS_ASSIGN(PyRef known, item_of(files_.get(), filename.get()));
  if (!known) {
    SIGNEDVFS_ASSIGN(known, owned(PySet_New(nullptr)));
    if (PyDict_SetItem(files_.get(), filename.get(), known.get()) < 0) return python_error();
  }
  if (PySet_Add(known.get(), code) < 0) return python_error();
  SIGNEDVFS_ASSIGN(const PyRef constants, owned(PyObject_GetAttrString(code, "co_consts")));
  if (PyTuple_Check(constants.get()) == 0) return {};
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(constants.get()); ++i) {
    PyObject* const inner = PyTuple_GET_ITEM(constants.get(), i);
    if (PyCode_Check(inner) == 0) continue;
    SIGNEDVFS_ASSIGN(const PyRef name, owned(PyObject_GetAttrString(inner, "co_name")));
    SIGNEDVFS_ASSIGN(const std::string text, utf8_of(name.get()));
    paths_.insert(path + text);
    SIGNEDVFS_TRY(add_all(inner, path + text + '.'));
  }
  return {};
}

Result<bool> CodeOfFiles::has(PyObject* code) const {
  SIGNEDVFS_ASSIGN(const PyRef filename, owned(PyObject_GetAttrString(code, "co_filename")));
  SIGNEDVFS_ASSIGN(const PyRef known, item_of(files_.get(), filename.get()));
  if (!known) return false;
  const int found = PySet_Contains(known.get(), code);
  return found < 0 ? Result<bool>(python_error()) : Result<bool>(found > 0);
}

Result<bool> CodeOfFiles::is_foreign(PyObject* function, const Place& place) const {
  SIGNEDVFS_ASSIGN(const bool is_own, is_of(function, place.module));
  if (!is_own) return false;
  PyObject* const code = PyFunction_GetCode(function);
  SIGNEDVFS_ASSIGN(const bool is_known, has(code));
  if (is_known) return false;
  SIGNEDVFS_ASSIGN(const PyRef filename, owned(PyObject_GetAttrString(code, "co_filename")));
  const bool may_be_made_up = place.depth > 0 && !paths_.contains(place.path);
  return !may_be_made_up || !is_made_up(filename.get());
}

Result<PyRef> CodeOfFiles::foreign_value(PyObject* value, const Place& place) const {
  PyRef held = PyRef::borrow(value);
  if (PyObject_TypeCheck(value, &PyStaticMethod_Type) != 0 ||
      PyObject_TypeCheck(value, &PyClassMethod_Type) != 0) {
    SIGNEDVFS_ASSIGN(held, attribute(value, "__func__"));
    if (!held) return PyRef();
  }
  if (PyObject_TypeCheck(value, &PyProperty_Type) != 0) {
    for (const char* const part : {"fget", "fset", "fdel"}) {
      SIGNEDVFS_ASSIGN(const PyRef one, attribute(value, part));
      if (!one || PyFunction_Check(one.get()) == 0) continue;
      SIGNEDVFS_ASSIGN(PyRef foreign, foreign_value(one.get(), place));
      if (foreign) return foreign;
    }
    return PyRef();
  }
  PyObject* const object = held.get();
  if (PyFunction_Check(object) != 0) {
    SIGNEDVFS_ASSIGN(const bool foreign, is_foreign(object, place));
    return foreign ? std::move(held) : PyRef();
  }
  if (PyType_Check(object) == 0 || place.depth >= kDeepest) return PyRef();
  SIGNEDVFS_ASSIGN(const bool is_own, is_of(object, place.module));
  auto* const type = reinterpret_cast<PyTypeObject*>(object);
  if (!is_own || type->tp_dict == nullptr) return PyRef();
  return foreign_in(type->tp_dict, {place.module, place.path + '.', place.depth + 1});
}

Result<PyRef> CodeOfFiles::foreign_in(PyObject* dict, const Place& place) const {
  SIGNEDVFS_ASSIGN(const PyRef items, owned(PyDict_Items(dict)));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(items.get()); ++i) {
    PyObject* const item = PyList_GET_ITEM(items.get(), i);
    PyObject* const key = PyTuple_GET_ITEM(item, 0);
    if (PyUnicode_Check(key) == 0) continue;
    SIGNEDVFS_ASSIGN(const std::string name, utf8_of(key));
    SIGNEDVFS_ASSIGN(PyRef foreign, foreign_value(PyTuple_GET_ITEM(item, 1),
                                                  {place.module, place.path + name, place.depth}));
    if (foreign) return foreign;
  }
  return PyRef();
}

Result<PyRef> CodeOfFiles::find_foreign(PyObject* object, const std::string& module) const {
  if (PyModule_Check(object) == 0) return PyRef();
  SIGNEDVFS_ASSIGN(const PyRef name, text_of_utf8(module));
  return foreign_in(PyModule_GetDict(object), {name.get(), module + ':'});
}

}  // namespace signedvfs
